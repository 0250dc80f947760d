import type { CommandRunId, ConnectionId } from './ids.js';
import type { FaultRecord, RunMode, Trigger } from './run.js';

/**
 * `running`: begun. `unknown`: it ended without an answer to a write that may have left, or died after one may have left.
 * In mode `plan` a command that came to a write has `succeeded`.
 */
export const COMMAND_STATUSES = ['running', 'succeeded', 'failed', 'unknown'] as const;
export type CommandStatus = (typeof COMMAND_STATUSES)[number];

/** One time that a command was run. Kept also when it failed or its process died. */
export interface CommandRun {
  id: CommandRunId;
  pluginId: string;
  actionId: number;
  version: string;
  connectionId: ConnectionId;
  mode: RunMode;
  trigger: Trigger;
  status: CommandStatus;
  /** As it was checked, defaults filled in. */
  input: Record<string, unknown>;
  config: Record<string, unknown>;
  /** The last call that writes and has left, or may have. */
  sentCall?: string;
  fault?: FaultRecord;
  vendorCalls: number;
  /** Calls that write whose bytes left. */
  vendorWrites: number;
  waitedMs: number;
  /** The output itself is not kept: its bytes as JSON, and their SHA-256 in lower-case hex. */
  output?: { bytes: number; digest: string };
  startedAt: string;
  endedAt?: string;
}
