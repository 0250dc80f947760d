import type { OpenRunStatus, PullId, RunId, TaskId } from '@drover/model';
import type { TaskKind } from './run-ledger.js';

/** Work that could be done now and that nobody holds. */
export interface DueWork {
  /** Tasks, runs and pulls. What a run has not cut into batches yet is one. */
  count: number;
  /** Since when the oldest of it has waited. */
  since?: Date;
}

/** What the oldest due work is of. */
export type OldestWork = { runId: RunId } | { pullId: PullId };

/** What a process holds under a lease that has not run out. */
export type HeldWork = { owner: string; until: Date } & (
  { taskId: TaskId; runId: RunId; kind: TaskKind; batchIndex: number } | { pullId: PullId }
);

/** How much stands open, over all runs. */
export interface Census {
  /** Runs that have not ended. */
  openRuns: Record<OpenRunStatus, number>;
  /** Objects that vendors have accepted and not finished. */
  pending: number;
  /** Objects of which nobody knows what became of them, and that nobody has resolved. */
  unknown: number;
  /** Objects that are kept back because they ended their plugin's process. */
  quarantined: number;
  /** What the database takes on its disk. */
  databaseBytes: number;
}

/** Looks at the work of all processes, and changes nothing. */
export interface WorkWatch {
  due(now: Date): Promise<DueWork>;
  oldest(now: Date): Promise<OldestWork | undefined>;
  held(now: Date): Promise<HeldWork[]>;
  census(): Promise<Census>;
}
