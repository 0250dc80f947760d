import type { PluginObject, Trigger } from '@drover/model';

/** Parameters of one vendor call. At most one of `json`, `form` and `text` may be given. */
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
  contentType?: string;
  /** Ids of the objects that a write covers, for plans and journals. Default: all objects of the batch. */
  covers?: readonly string[];
}

/** A vendor's answer, after the redactor has passed over it. */
export interface CallReply<Body = unknown> {
  status: number;
  /** Lower-case names; `set-cookie` and authentication headers are left out. */
  headers: Readonly<Record<string, string>>;
  /** Parsed JSON when the body is JSON, else text; `undefined` for an empty body. */
  body: Body;
  /** When the answer came, ISO 8601 in UTC, by the host's clock. */
  at: string;
}

export interface PassPosition {
  /** True for the first slice that a pass offers: the place to clear a vendor list. */
  isFirstSlice: boolean;
  /** True when no object of the pass stays behind after this slice. */
  isLastSlice: boolean;
  /** Objects that later runs of the pass will take. */
  remaining: number;
}

export interface RunInfo {
  /** `run_…` */
  id: string;
  /** `apply` writes; `plan` reads only. */
  mode: 'apply' | 'plan';
  trigger: Trigger;
  pass: PassPosition;
  /** When the run started, ISO 8601 in UTC: the same for all its batches. */
  startedAt: string;
  /** 1 for the first try at this batch. */
  attempt: number;
}

/** Lines kept with the run, at most 200 a hook; fields are redacted like everything else. */
export interface PluginLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

/** A best-effort cache shared by all runs over one connection; at most 1 MB, entries may vanish at any time. */
export interface PluginCache {
  get<Value>(key: string): Promise<Value | undefined>;
  /** Keeps a JSON value for `ttlMs` milliseconds (at most 24 h). */
  set(key: string, value: unknown, options: { ttlMs: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

/** All that a plugin can reach. There is no network, no file system and no secret beside it. */
export interface PluginContext<Config = Record<string, unknown>, Connection = Record<string, unknown>> {
  /** The validated config of this use of the plugin. Read-only. */
  readonly config: Readonly<Config>;
  /** The connection's fields without its secrets. Read-only. */
  readonly connection: Readonly<Connection>;
  readonly run: RunInfo;
  /** Aborts on cancel, time-out and lost lease. */
  readonly signal: AbortSignal;
  readonly log: PluginLog;
  readonly cache: PluginCache;
  /**
   * Makes a call that the manifest declares. The host authenticates, waits for rate limits, repeats repeatable calls
   * on network errors and 5xx, and redacts.
   *
   * Resolves for 2xx and for the statuses under the call's `handles`. Throws a fault otherwise: `CREDENTIALS_REFUSED`
   * (401, 403), `RATE_LIMITED`, `VENDOR_UNAVAILABLE` (5xx, network), `VENDOR_TIMEOUT`, `VENDOR_REFUSED` (other 4xx),
   * `CALL_NOT_DECLARED`. Let them pass unless an answer for one object follows from them.
   */
  call<Body = unknown>(name: string, params?: CallParams): Promise<CallReply<Body>>;
}

/** The objects of one `execute` call. */
export interface Batch {
  readonly objects: readonly PluginObject[];
  /** 0 for the first batch of the run. */
  readonly index: number;
  /** True for the first batch of the first slice of a pass. */
  readonly isFirstOfPass: boolean;
}
