import type {
  CallSpec,
  FaultRecord,
  HttpMethod,
  JsonValue,
  OutcomeCounts,
  PendingObject,
  PluginManifest,
  PluginObject,
  Trigger,
} from '@drover/model';
import type { Connection } from './connection-vault.js';

/** A plugin over a connection: what one sandbox serves. */
export interface PluginTarget {
  bundleDigest: string;
  manifest: PluginManifest;
  connection: Connection;
}

/** What every hook of a run is told. */
export interface HookContext {
  config: Record<string, unknown>;
  run: {
    id: string;
    mode: 'apply' | 'plan';
    trigger: Trigger;
    pass: { isFirstSlice: boolean; isLastSlice: boolean; remaining: number };
    startedAt: string;
    attempt: number;
  };
}

export type Invocation =
  | { hook: 'testConnection' }
  | { hook: 'prepare' }
  | { hook: 'execute'; objects: PluginObject[]; index: number; isFirstOfPass: boolean; prepared: unknown }
  /** A command's. */
  | { hook: 'run'; input: unknown }
  | { hook: 'executeAll'; pages: AsyncIterable<PluginObject[]>; prepared: unknown }
  | { hook: 'poll'; pending: PendingObject[]; prepared: unknown }
  | {
      hook: 'finish';
      prepared: unknown;
      counts: OutcomeCounts;
      vendorWrites: number;
      /** The run was stopped before its slice was through: the hook runs only when the plugin says `finishAlways`. */
      stopped?: 'cancelled' | 'fault';
    }
  | {
      hook: 'pull';
      request: { checkpoint?: JsonValue; isFirst: boolean; startedAt: string };
      feed: { id: string; name: string };
    };

/** A vendor write as it is about to leave. */
export interface OutgoingWrite {
  call: CallSpec;
  /** Ids of the objects that the plugin says it covers; absent: all of the hook. */
  covers?: readonly string[];
  /** The request without authentication and with secrets masked. Made when asked for: bodies may be large. */
  describe(): {
    method: HttpMethod;
    /** Path and query, percent-encoded. */
    path: string;
    /** `bytes`: of a streamed body, whose `value` tells only its size, digest and beginning. */
    body?: { contentType: string; value: unknown; bytes?: number };
  };
}

/** What came of a write that was let through. */
export type WriteResult =
  /** An answer of any status, redacted. */
  | {
      kind: 'answered';
      reply: { status: number; headers: Readonly<Record<string, string>>; body: unknown; at: string };
    }
  /** No byte of it can have been acted on: refused connection, DNS, TLS, 401, 429. */
  | { kind: 'notSent'; reason: string }
  /** It left and no answer came. */
  | { kind: 'noAnswer'; reason: string };

export type WriteVerdict =
  | {
      do: 'send';
      /** Asked once more when the connection stands, right before the first byte: getting there takes time. Throwing keeps all back. */
      beforeBytes?(): void;
      /** Told what came of it; the plugin is told when this resolves. */
      settled?(result: WriteResult): Promise<void>;
    }
  /** Not sent: this answer, kept from an earlier try, is given to the plugin instead. */
  | { do: 'replay'; reply: Extract<WriteResult, { kind: 'answered' }>['reply'] };

export interface InvokeOptions {
  /** Aborting ends the hook; the invocation then rejects with `CANCELLED`. */
  signal: AbortSignal;
  /**
   * Aborting lets what is under way go on and begins nothing new: a hook that takes its objects one by one takes no further one, and
   * the invocation then rejects with `CANCELLED`. Others run to their end. Default: never.
   */
  windDown?: AbortSignal;
  /**
   * Asked right before each vendor write leaves, after its rate limit was granted; every try of a repeatable call asks
   * again. Rejecting (`LEASE_LOST`, …) stops the write, and the plugin sees that fault. In mode `plan` it is asked without a
   * grant, and the write never leaves, whatever comes back.
   */
  beforeWrite(write: OutgoingWrite): Promise<WriteVerdict>;
  /**
   * Asked right before each vendor read leaves, after its rate limit was granted. Throwing (`LEASE_LOST`) stops it, and the plugin
   * sees that fault. Default: reads leave.
   */
  beforeRead?(): void;
  /**
   * Outcomes as they come, raw: the engine checks them. Those of `executeAll` come only this way; those of `executeOne`
   * are in the hook's value as well, and come here for the case that the hook does not end well.
   */
  onOutcomes?(outcomes: unknown[]): Promise<void>;
  /** Runs the hook in a process that no other hook shares, so that its end is this hook's doing. Default false. */
  ownProcess?: boolean;
  /** A page of a feed, raw, one at a time; resolves when it is kept. Rejecting ends the hook with that fault. */
  onPage?(page: unknown): Promise<void>;
}

/** Figures of one invocation, kept whether it came through or not. */
export interface InvocationFigures {
  vendorCalls: number;
  /** Calls with effect `write` or `destructive` whose bytes left. */
  vendorWrites: number;
  waitedMs: number;
  log: { level: 'debug' | 'info' | 'warn'; message: string; fields?: Record<string, unknown> }[];
}

export type InvocationResult =
  | {
      ok: true;
      value: unknown;
      figures: InvocationFigures;
      /** Of `prepare`: batches go to `executeOne`, object by object. */
      oneByOne?: true;
    }
  | { ok: false; fault: FaultRecord; figures: InvocationFigures };

/** Runs hooks of a plugin. Adapter: the sandboxed child process of plugin-host; tests have one in the same process. */
export interface PluginRuntime {
  /**
   * Runs one hook. Never rejects: a fault of the plugin, a crash (`PLUGIN_CRASHED`), a time-out (`PLUGIN_TIMEOUT`,
   * waiting for rate limits left out), a bad frame (`PLUGIN_CONTRACT`) and a rate limit that asks for more than ten
   * seconds before the first write (`RATE_LIMITED` with `retryAfterMs`) all come back as `ok: false`.
   * `value` is what the hook returned, unchecked JSON. For a plugin with `executeOne`, `execute` runs it for each object
   * with the manifest's concurrency and returns the outcomes of all.
   */
  invoke(
    target: PluginTarget,
    context: HookContext,
    invocation: Invocation,
    options: InvokeOptions,
  ): Promise<InvocationResult>;
  /** Stops all sandboxes. */
  close(): Promise<void>;
}
