import type { Trigger } from './run.js';

/** A JSON Schema 2020-12 document, restricted to the documented subset. */
export type JsonSchema = { readonly [keyword: string]: unknown };

export type PluginKind = 'action' | 'feed' | 'command';
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type CallEffect = 'read' | 'write' | 'destructive';
/** `repeatable`: sending it twice does no more than once. `once`: it must never be sent twice blindly. */
export type CallDelivery = 'repeatable' | 'once';

/** One vendor call. The broker refuses every call that is not declared. */
export interface CallSpec {
  name: string;
  method: HttpMethod;
  /** Path below the base URL with `{param}` segments, which the broker percent-encodes. */
  path: string;
  /** Query parameters that the plugin may set. */
  query?: string[];
  /** What the call is for, as words that finish "while …", such as "reading the URL lists". */
  purpose: string;
  effect: CallEffect;
  delivery: CallDelivery;
  /** A key of `limits.rateGroups`; calls without one share the group `default`. */
  rateGroup?: string;
  /** What else a write touches, said to people before it happens. */
  blastRadius?: string;
  /** Status codes beside 2xx that are an answer to the plugin and not a fault, such as 400 with per-URL reasons. */
  handles?: number[];
  /** Milliseconds to wait for the answer. Default 30,000. */
  timeoutMs?: number;
  /** Default 16 MiB. */
  maxResponseBytes?: number;
  /** Which of the connection's `auth` entries it uses; needed only when there are several. */
  auth?: string;
  /** Where answers say what is left of a budget that calls spend by their cost. */
  points?: PointsSpec;
}

/** JSON Pointers into the JSON of an answer, each to a number. */
export interface PointsSpec {
  /** What is left. */
  left: string;
  /** What the call cost; the next call of the rate group waits when less than that is left. */
  spent: string;
  /** Milliseconds until the budget is full again. */
  resetMs: string;
}

export type AuthSpec =
  | { type: 'header'; name: string; secret: string; prefix?: string }
  | { type: 'query'; name: string; secret: string }
  | { type: 'body'; name: string; secret: string }
  | { type: 'basic'; username: string; secret: string }
  | {
      type: 'oauth2-client-credentials';
      tokenPath: string;
      clientId: string;
      secret: string;
      scope?: string;
      credentialsIn?: 'body' | 'basic';
      /** How an answer with a token names the vendor's cloud that the account lives in. */
      region?: RegionSpec;
    }
  | { type: 'none' };

/** Clouds of a vendor that keeps accounts in several. */
export interface RegionSpec {
  /** Header of the token's answer that names the cloud, such as `X-Cs-Region`. */
  header: string;
  /** Host by the name of the cloud. Calls go to no other, and only when the base URL names one of them. */
  hosts: Record<string, string>;
}

export interface ConnectionSpec {
  /** JSON Schema of the account's fields; `baseUrl` is one of them, secrets carry `"x-secret": true`. */
  schema: JsonSchema;
  /** Named ways to authenticate; a call without `auth` takes the only one, or `default`. */
  auth: Record<string, AuthSpec>;
}

export interface AcceptedType {
  type: string;
  subtypes?: string[];
}

/** How a written attribute meets values of the same name and source. */
export type EmitMode = 'replace' | 'add' | 'max';

export interface EmittedAttribute {
  name: string;
  type: 'string' | 'number' | 'boolean';
  mode: EmitMode;
}

export interface RateRule {
  /** Requests in any `perMs`. */
  requests: number;
  perMs: number;
  /** Most requests at once; those after follow at the pace of the limit. Default `requests`. */
  burst?: number;
}

export interface LimitsSpec {
  objectsPerRun: { default: number; max: number };
  batch: { objects: number; bytes?: number };
  /** Most batches (or vendor calls of `executeOne`) in flight over one connection, in all runs of the plugin. Default 1. */
  concurrency?: number;
  /** Most batches of one run in flight. Default: `concurrency`, which it is not above. */
  runConcurrency?: number;
  /** Milliseconds that one hook call may take, waiting for rate limits left out. Default 60,000. */
  timeoutMs?: number;
  rateGroups?: Record<string, RateRule>;
  /** Most milliseconds that a batch waits for rate limits in all, then the rest is deferred. Default 3,600,000. */
  maxWaitMs?: number;
  /** Most milliseconds that an object is polled after its first `pending`, then it is `unknown`. Default 86,400,000. */
  maxPollMs?: number;
  /** The first batch of a run ends before the second starts. */
  firstBatchAlone?: boolean;
  /** `connection` or JSON Pointers into the config: one run at a time for equal values. */
  exclusiveBy?: string[];
  /** `slice` (default): runs take parts of the collection. `whole`: all of it in one call of `executeAll`. */
  scope?: 'slice' | 'whole';
}

/** `plugin.json` as read and checked: what the runtime knows before it runs a line of the plugin. */
export interface PluginManifest {
  $schema?: string;
  id: string;
  version: string;
  name: string;
  description: string;
  vendor: string;
  icon?: string;
  docsUrl?: string;
  kind: PluginKind;
  engines: { drover: string };
  protocol: number;
  accepts?: AcceptedType[];
  /** Types of the objects that a feed makes. */
  produces?: AcceptedType[];
  emits?: EmittedAttribute[];
  /** Attribute names whose change makes an object "changed" for this plugin. */
  reads?: string[];
  connection: ConnectionSpec;
  config: JsonSchema;
  input?: JsonSchema;
  output?: JsonSchema;
  calls: CallSpec[];
  limits: LimitsSpec;
  triggers: Trigger[];
  /** What a scheduled pass offers. Default `new`. */
  inputMode?: 'new' | 'changed';
  /** JSON Pointers into request bodies that differ from one try to the next, such as a timestamp. */
  volatile?: string[];
  inverse?: { plugin: string; description: string };
  mirror?: MirrorSpec;
}

/** Which of a feed's attributes can be kept equal on both sides. */
export interface MirrorSpec {
  /** Emitted attributes whose changes at the vendor come in. */
  in?: string[];
  /** Emitted attributes whose changes here go out; may be some of `in`. */
  out?: string[];
  /** Text id of the action that sends them; there when `out` is. */
  action?: string;
}

/** `bundle.json`: which plugins ship together, in the order in which action IDs are given. */
export interface BundleManifest {
  $schema?: string;
  /** Text id of the bundle, such as `netskope`. */
  name: string;
  version: string;
  title: string;
  vendor: string;
  description: string;
  supportTier: 'vendor' | 'community' | 'partner';
  license: string;
  /** Folder names of the plugins, in the order of their action IDs. */
  plugins: string[];
}

/** Delivered in the zip as `files.json`: every other file with its digest. */
export interface BundleFileList {
  /** SHA-256 in lower-case hex by path inside the zip. */
  files: Record<string, string>;
}

export const DEFAULT_CALL_TIMEOUT_MS = 30_000;
export const DEFAULT_MAX_RESPONSE_BYTES = 16 * 1024 * 1024;
export const DEFAULT_HOOK_TIMEOUT_MS = 60_000;
export const DEFAULT_MAX_WAIT_MS = 3_600_000;
/** The wire protocol between host and plugin process that this version speaks. */
export const WIRE_PROTOCOL = 1;
