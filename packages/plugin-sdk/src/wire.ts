import type { FaultRecord, OutcomeCounts, PendingObject, PluginObject } from '@drover/model';
import type { RunInfo } from './context.js';
import type { PullRequest } from './define-feed.js';

/**
 * What host and plugin process say to each other. A frame is a 4-byte big-endian length and that many bytes of UTF-8
 * JSON; the plugin speaks first (`hello`). Invocations share the pipe and are told apart by `id`.
 */

export const HOOK_NAMES = [
  'testConnection',
  'prepare',
  'execute',
  'executeOne',
  'executeAll',
  'poll',
  'finish',
  'run',
  'pull',
] as const;
export type HookName = (typeof HOOK_NAMES)[number];

/** Most bytes of one frame's JSON, each way. */
export const MAX_FRAME_BYTES = 32 * 1024 * 1024;
/** Most asks of one hook that may be without an answer; the SDK lets the next ones wait, the host ends a plugin that does not. */
export const MAX_OPEN_ASKS = 128;
/** Most characters (of text) or bytes (of others, before base64) of one piece of a streamed body. */
export const MAX_PIECE = 64 * 1024;
/** Most log lines kept of one hook. */
export const MAX_LOG_LINES = 200;
/** Most characters of a log line's message. */
export const MAX_LOG_MESSAGE = 2_000;

/** Which hook is to run, with what. */
export type HookCall =
  | { hook: 'testConnection' }
  | { hook: 'prepare' }
  | {
      hook: 'execute';
      objects: readonly PluginObject[];
      index: number;
      isFirstOfPass: boolean;
      prepared: unknown;
      /** Most objects in the hands of `executeOne` at a time, in all batches of the plugin. */
      concurrency: number;
      /** Whether `executeOne` sends its outcomes as they come, beside returning them. */
      stream: boolean;
    }
  | { hook: 'executeAll'; prepared: unknown }
  | { hook: 'poll'; pending: readonly PendingObject[]; prepared: unknown }
  /** A command's. */
  | { hook: 'run'; input: unknown }
  | {
      hook: 'finish';
      prepared: unknown;
      counts: OutcomeCounts;
      vendorWrites: number;
      /** The run was stopped: run the hook only when the definition says `finishAlways`. */
      stopped?: 'cancelled' | 'fault';
    }
  | { hook: 'pull'; request: PullRequest; feed: { id: string; name: string } };

export interface InvokeFrame {
  kind: 'invoke';
  id: number;
  plugin: string;
  call: HookCall;
  config: Record<string, unknown>;
  connection: Record<string, unknown>;
  run: RunInfo;
}

export type HostFrame =
  | InvokeFrame
  /** Ends a hook: its signal aborts with this fault, and every ask after it is refused with it. */
  | { kind: 'abort'; id: number; fault: FaultRecord }
  /** Has a hook that takes its objects one by one take no further one, and end with this fault once those under way are done. */
  | { kind: 'windDown'; id: number; fault: FaultRecord }
  /** Wants the next piece of the body that a call streams, or the first one again. One at a time for each call. */
  | { kind: 'read'; id: number; ask: number; fromStart: boolean }
  | { kind: 'answer'; id: number; ask: number; value?: unknown; fault?: undefined }
  | { kind: 'answer'; id: number; ask: number; fault: FaultRecord };

/** What a hook asks of the host while it runs. Each gets one `answer`. */
export type Ask =
  /**
   * `readOnly`: made by a resolver, so that a write is to be refused. `streams`: its body comes piece by piece, each when the
   * host reads it.
   */
  | { what: 'call'; name: string; params: unknown; readOnly?: boolean; streams?: true }
  | { what: 'cacheGet'; key: string }
  | { what: 'cacheSet'; key: string; value: unknown; ttlMs: number }
  | { what: 'cacheDelete'; key: string }
  /** The next page of `executeAll`; the answer's value is `null` after the last. */
  | { what: 'page' }
  /** Outcomes as they come; the answer says that they are kept, so that a plugin cannot run ahead of the store. */
  | { what: 'outcomes'; outcomes: unknown[] }
  /** A page of a feed; the answer says that it and its checkpoint are kept. */
  | { what: 'feedPage'; page: unknown };

export type StreamPiece = { text: string } | { base64: string };

export type LogLevel = 'debug' | 'info' | 'warn';

export interface LogLine {
  level: LogLevel;
  message: string;
  fields?: Record<string, unknown>;
}

export type PluginFrame =
  | { kind: 'hello'; protocol: number; plugins: Record<string, HookName[]> }
  | ({ kind: 'ask'; id: number; ask: number } & Ask)
  | ({ kind: 'log'; id: number } & LogLine)
  /** Answers a `read`; `null` after the last piece, `fault` when the plugin could not make the next. */
  | { kind: 'piece'; id: number; ask: number; piece: StreamPiece | null; fault?: undefined }
  | { kind: 'piece'; id: number; ask: number; fault: FaultRecord }
  | { kind: 'result'; id: number; value?: unknown }
  | { kind: 'fault'; id: number; fault: FaultRecord }
  /** The process cannot go on (an error that nobody caught) and exits. */
  | { kind: 'fatal'; message: string };
