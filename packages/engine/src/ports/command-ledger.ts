import type { CommandRun, CommandRunId, CommandStatus, FaultRecord, Page, PageRequest } from '@drover/model';

export type NewCommandRun = Pick<
  CommandRun,
  'id' | 'pluginId' | 'actionId' | 'version' | 'connectionId' | 'mode' | 'trigger' | 'input' | 'config'
> & {
  startedAt: Date;
  /** What the process says of itself. */
  owner: Record<string, unknown>;
  /** Until when it is taken for alive without another word. */
  leaseUntil: Date;
};

export interface CommandEnd {
  status: Exclude<CommandStatus, 'running'>;
  at: Date;
  fault?: FaultRecord;
  vendorCalls?: number;
  vendorWrites?: number;
  waitedMs?: number;
  output?: { bytes: number; digest: string };
}

export interface CommandListFilter {
  status?: CommandStatus;
  pluginId?: string;
}

/** A command that has not ended, as its process left it. */
export interface OpenCommand {
  id: CommandRunId;
  owner: Record<string, unknown>;
  leaseUntil: Date;
  sentCall?: string;
}

/** The record of commands. What `begin`, `leaving` and `end` have resolved survives the loss of the machine's power. */
export interface CommandLedger {
  begin(run: NewCommandRun): Promise<void>;
  /** Says that the process still works on it. */
  prolong(id: CommandRunId, until: Date): Promise<void>;
  /** A call that writes is about to leave. Fault: `LEASE_LOST` when somebody has closed the command. */
  leaving(id: CommandRunId, call: string): Promise<void>;
  /** The word of the process that ran it: it stands, also over `close`. */
  end(id: CommandRunId, end: CommandEnd): Promise<void>;
  /** Ends a command whose process has died; false when it has ended, or was prolonged since it was looked at. */
  close(open: OpenCommand, end: CommandEnd): Promise<boolean>;
  /** Those that have not ended. */
  open(): Promise<OpenCommand[]>;
  find(id: string): Promise<CommandRun | undefined>;
  /** Newest first. */
  list(request: PageRequest & CommandListFilter): Promise<Page<CommandRun>>;
}
