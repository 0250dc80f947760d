import type { PullId, RunId, TaskId } from '@drover/model';
import type { TaskKind } from '../ports/run-ledger.js';

/** What a serving process does: execute, fire what is due, or both. */
export type ServeRole = 'all' | 'worker' | 'scheduler';

export interface ServeOptions {
  /** Default: the setting. */
  role?: ServeRole;
  /** Aborts when the process is to stop: what has not begun by then does not begin any more. */
  signal?: AbortSignal;
}

/** What a worker does right now. Times in ISO 8601. */
export type WorkInHand =
  | { taskId: TaskId; runId: RunId; kind: TaskKind; batchIndex: number; until: string }
  | { pullId: PullId; until: string };

/** A process that executes. */
export interface WorkerView {
  /** Its name in leases. */
  owner: string;
  host?: string;
  pid?: number;
  /** `all` or `worker` of a serving process, `command` of one that executes until its own command is done. */
  role: string;
  /** When its lease runs out if it gives no further sign of life. */
  until: string;
  holds: WorkInHand[];
}

export type SchedulerView = Pick<WorkerView, 'owner' | 'host' | 'pid' | 'until'>;

export interface WorkerReport {
  workers: WorkerView[];
  /** The process that fires what is due. */
  scheduler?: SchedulerView;
  /** Those that would take over from it. */
  standby: SchedulerView[];
  /** Work that nobody holds: how much, since when the oldest of it has waited, and of which run or pull that is. */
  due: { count: number; since?: string; runId?: RunId; pullId?: PullId };
}

export interface WorkerRequests {
  /** Who executes, what each holds, and the oldest work that nobody has taken. */
  list(): Promise<WorkerReport>;
}
