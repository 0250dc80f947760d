import type { HeldLeases } from './held-leases.js';
import type { CallJournal } from './ports/call-journal.js';
import type { ConnectionVault } from './ports/connection-vault.js';
import type { PluginLibrary } from './ports/plugin-library.js';
import type { HookContext, InvokeOptions, PluginRuntime, PluginTarget } from './ports/plugin-runtime.js';
import type { ClaimedTask, RunLedger, Worker } from './ports/run-ledger.js';

export interface TaskPorts {
  ledger: RunLedger;
  journal: CallJournal;
  plugins: PluginLibrary;
  connections: ConnectionVault;
  runtime: PluginRuntime;
  leases: HeldLeases;
  now: () => Date;
}

/** A task with all that its hook needs. */
export interface PreparedTask {
  task: ClaimedTask;
  target: PluginTarget;
  context: HookContext;
  options: InvokeOptions;
  /** Who claims its next task with the settling of this one; nobody when the process takes up nothing more. */
  nextWorker(): Worker | undefined;
}
