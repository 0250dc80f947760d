import type { CallParams, CallReply } from '@drover/plugin-sdk';
import type { OutgoingWrite, PluginTarget, WriteVerdict } from '@drover/engine';
import type { CallSlots } from './call-slots.js';

/** What one hook invocation allows its calls. */
export interface CallScope {
  mode: 'apply' | 'plan';
  /** What the hook is, when it only reads ("a connection test"): its calls that write are refused with that word. */
  readOnly?: string | undefined;
  /** A test of the connection: its calls are made though the vendor seems down, and tell whether it is. */
  isTest?: boolean;
  /** Uses no access token that was got for others: one that is still good proves nothing about the secret. Default false. */
  freshTokens?: boolean | undefined;
  signal: AbortSignal;
  /** What its calls share with the other hooks of the run, asked at each call. Default: they leave as soon as they may. */
  slots?(): CallSlots | undefined;
  /** As `InvokeOptions.beforeWrite`. */
  beforeWrite(write: OutgoingWrite): Promise<WriteVerdict>;
  /** As `InvokeOptions.beforeRead`. */
  beforeRead?(): void;
}

/** A body that a plugin streams. Each reading begins at its start and ends the one before. */
export interface BodySource {
  read(): AsyncIterable<string | Buffer>;
}

/** The parameters of a call as they come over the wire: a `stream` has become its source. */
export type GivenParams = Omit<CallParams, 'stream'> & { stream?: BodySource | undefined };

/** The vendor calls of one hook invocation. */
export interface HookBroker {
  /** As `PluginContext.call`. `params` came from a plugin: checked here. `readOnly` refuses a call that writes. */
  call(name: string, params: GivenParams, options?: { readOnly?: boolean }): Promise<CallReply>;
  /** Any JSON value with every secret of the connection replaced, for what leaves the plugin: outcomes, logs, faults. */
  redact<Value>(value: Value): Value;
  readonly figures: Readonly<{ vendorCalls: number; vendorWrites: number; waitedMs: number }>;
  /** How many calls wait for a rate limit right now; while it is above 0 the hook's clock stands still. */
  readonly waitingCalls: number;
}

/** Makes vendor calls for plugins: only declared ones, with secrets that it alone holds. */
export interface Broker {
  forHook(target: PluginTarget, scope: CallScope): Promise<HookBroker>;
  close(): Promise<void>;
}
