import type { CommandRun, CommandStatus, FaultRecord, Page, PageRequest, Trigger } from '@drover/model';
import type { CommandWrite } from '../commands/command-gate.js';
import type { InstalledPlugin } from '../ports/plugin-library.js';
import type { LogLine } from '../ports/run-ledger.js';

export interface CommandRunRequest {
  command: string;
  connection: string;
  /** Checked against the manifest's `input`; its defaults are filled in. */
  input: Record<string, unknown>;
  /** Laid over the plugin's configured defaults, key by key. */
  config?: Record<string, unknown>;
  /** Default `manual`. */
  trigger?: Trigger;
  /** Shows the first write in place of sending it. */
  plan?: boolean;
  /** Lets destructive calls leave. Default false: the first one ends the command with `CONFIRMATION_NEEDED`. */
  confirmed?: boolean;
}

/** A command on record, with the name of what it ran over. */
export interface CommandRunView extends CommandRun {
  connection: string;
}

/** What a command came to: exactly one of `output`, `planned` and `run.fault` unless a plan came to its end. */
export interface CommandAnswer {
  run: CommandRunView;
  /** Fits the manifest's `output`. */
  output?: unknown;
  /** The first write of a plan. */
  planned?: CommandWrite;
  /** Every place where an output differs from its schema, with the fault `VENDOR_CONTRACT`. */
  problems?: readonly FaultRecord[];
  /** What the plugin has logged. */
  log: LogLine[];
}

export interface CommandRequests {
  /** Installed plugins of kind `command`. */
  list(): Promise<InstalledPlugin[]>;
  show(ref: string): Promise<InstalledPlugin>;
  /**
   * Runs a command once and resolves with what it came to, faults of its plugin and of the vendor included. Faults before
   * it is on record: `INPUT_INVALID` and `CONFIG_INVALID` with every problem, `TRIGGER_NOT_ALLOWED`.
   */
  run(request: CommandRunRequest, options?: { signal?: AbortSignal }): Promise<CommandAnswer>;
  /** Commands on record, newest first; those whose process died are ended first. */
  history(query: { status?: CommandStatus; command?: string } & PageRequest): Promise<Page<CommandRunView>>;
  /** One of them, by its id. */
  past(ref: string): Promise<CommandRunView>;
}
