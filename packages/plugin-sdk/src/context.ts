import type { JsonValue, PluginObject, Trigger } from '@drover/model';
import type { StreamSource } from './stream-chunks.js';

/**
 * Parameters of one vendor call. At most one of `json`, `form`, `text` and `stream` may be given, but for `json` and `stream`
 * together with `streamMember`.
 */
export interface CallParams {
  /** Values of the path template's `{param}` segments; percent-encoded by the host. */
  params?: Record<string, string | number>;
  /** Query parameters; only names that the manifest's call declares. `undefined` values are left out. */
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as `application/json`. */
  json?: unknown;
  /** Sent as `application/x-www-form-urlencoded`. */
  form?: Record<string, string>;
  /** Sent as `text/plain; charset=utf-8` unless `contentType` says otherwise. */
  text?: string;
  /**
   * A body too large for one message, sent as it is made: neither side holds it whole. It is read from its start to be
   * measured and once more for each try, in pieces of at most 64 Ki characters, and must be the same each time; it goes out
   * with a `Content-Length`. `application/octet-stream` unless `contentType` says otherwise. Reading it counts against
   * `limits.timeoutMs`, and while it is sent against the call's `timeoutMs`.
   */
  stream?: StreamSource;
  /**
   * The `stream` is the text of this member of the `json` object, which has to be one and must not have it. So a secret of
   * auth type `body` can go beside it. All chunks have to be text.
   */
  streamMember?: string;
  /** Media type of `json`, `text` or `stream`. */
  contentType?: string;
  /**
   * Ids of the objects that a write covers, for plans and journals. Default: all objects of the batch; in `executeOne`
   * the one object.
   */
  covers?: readonly string[];
}

/** A vendor's answer, after the redactor has passed over it. */
export interface CallReply<Body = unknown> {
  /** HTTP status: 2xx, or one that the call lists under `handles`. */
  status: number;
  /** Lower-case names; `set-cookie` and authentication headers are left out. */
  headers: Readonly<Record<string, string>>;
  /** Parsed JSON when the body is JSON, else text; `undefined` for an empty body. */
  body: Body;
  /** When the answer came, ISO 8601 in UTC, by the host's clock. */
  at: string;
}

/** Where a run stands in its pass: one offering of a collection, taken slice by slice. */
export interface PassPosition {
  /** True for the first slice that a pass offers: the place to clear a vendor list. */
  isFirstSlice: boolean;
  /** True when no object of the pass stays behind after this slice. */
  isLastSlice: boolean;
  /** Objects that later runs of the pass will take. */
  remaining: number;
}

/** The run that a hook belongs to. The same for all its hooks, `attempt` left out. */
export interface RunInfo {
  /** `run_…` */
  id: string;
  /**
   * `apply` writes. `plan` reads only: the first write of a hook is recorded, and the call throws `PLAN_STOP`, which is to be
   * let through. Only what checks in `finish` whether the vendor holds what was sent has to ask.
   */
  mode: 'apply' | 'plan';
  /** How the run was asked for: `manual`, `schedule`, `api` or `event`. */
  trigger: Trigger;
  pass: PassPosition;
  /** When the run started, ISO 8601 in UTC: the same for all its batches. */
  startedAt: string;
  /** 1 for the first try at this batch. */
  attempt: number;
}

/**
 * Lines kept with the run: at most 200 a hook, messages of at most 2,000 characters; what is over is dropped. A message
 * is a fixed sentence, what varies belongs into the fields. Secrets are redacted, as in all that leaves a plugin.
 */
export interface PluginLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

/**
 * A best-effort cache shared by all runs of a bundle over one connection: at most 1 MiB in all, the least recently used
 * entries leave first, and any may vanish at any time. For what saves calls, never for what must not be forgotten.
 */
export interface PluginCache {
  /** A fresh copy of the value; `undefined` when it is not there or too old. */
  get<Value>(key: string): Promise<Value | undefined>;
  /** Keeps a JSON value for `ttlMs` milliseconds, at most 24 h. */
  set(key: string, value: unknown, options: { ttlMs: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

/** All that a plugin can reach. There is no network, no file system and no secret beside it. */
export interface PluginContext<Config = Record<string, unknown>, Connection = Record<string, unknown>> {
  /** The validated config of this use of the plugin, defaults filled in. Read-only. */
  readonly config: Readonly<Config>;
  /** The connection's fields without its secrets, `baseUrl` among them. Read-only. */
  readonly connection: Readonly<Connection>;
  readonly run: RunInfo;
  /**
   * Aborts on cancel, time-out and lost lease, with the fault as its reason. The hook then has two seconds to end; no call
   * leaves any more. A hook that returns all its outcomes in that time has them counted.
   */
  readonly signal: AbortSignal;
  readonly log: PluginLog;
  readonly cache: PluginCache;
  /**
   * Makes a call that the manifest declares. The host authenticates, waits for rate limits, repeats calls with delivery
   * `repeatable` on network errors and 5xx, and redacts. At most 32 calls of a hook are under way, further ones wait.
   * Waiting for a rate limit does not count against `limits.timeoutMs`; waiting for an answer does.
   *
   * Resolves for 2xx and for the statuses under the call's `handles`. Throws a fault otherwise: `CREDENTIALS_REFUSED`
   * (401, 403), `RATE_LIMITED`, `VENDOR_DOWN` (not sent: calls of the last seconds failed), `VENDOR_UNAVAILABLE` (5xx), `VENDOR_UNREACHABLE` (network, DNS, TLS), `VENDOR_TIMEOUT`,
   * `VENDOR_REFUSED` (other 4xx), `REDIRECT_REFUSED`, `RESPONSE_TOO_LARGE`, `VENDOR_NO_ANSWER` (a `once` call that may
   * have arrived), `CALL_NOT_DECLARED`, `CALL_INVALID`, `WRITE_NOT_ALLOWED`, `PLAN_STOP`. Let them pass unless an answer for single
   * objects follows from them. Await every call: one that is still open when the hook returns is cut off.
   */
  call<Body = unknown>(name: string, params?: CallParams): Promise<CallReply<Body>>;
  /**
   * Looks keys up by the definition's resolver of this kind. Asks of one turn of the event loop share its loads, whichever
   * objects and hooks they are for; what was found is kept for the resolver's `ttlMs` and shared by all hooks of the plugin
   * over one connection and config. The answer has every key once, in the order asked; `null` is what the vendor does not
   * have. Values are read-only. Keys are texts of 1 to 1,024 characters.
   *
   * Throws the fault of the load that one of the keys was in; `PLUGIN_CONTRACT` for an unknown kind.
   */
  resolve<Value extends JsonValue = JsonValue>(
    kind: string,
    keys: readonly string[],
  ): Promise<Map<string, Value | null>>;
}

/** What a command reaches: all that an action does, without a run around it. */
export type CommandContext<Config = Record<string, unknown>, Connection = Record<string, unknown>> = Omit<
  PluginContext<Config, Connection>,
  'run'
>;

/** What a resolver's `load` reaches. Its calls may only read. */
export type ResolverContext<Config = Record<string, unknown>, Connection = Record<string, unknown>> = Omit<
  PluginContext<Config, Connection>,
  'run' | 'resolve'
>;

/** The objects of one `execute` call. Read-only. */
export interface Batch {
  /** At least one, at most `limits.batch` of them; of accepted types only. */
  readonly objects: readonly PluginObject[];
  /** 0 for the first batch of the run. */
  readonly index: number;
  /** True for the first batch of the first slice of a pass: the one that may clear what the vendor holds. */
  readonly isFirstOfPass: boolean;
}
