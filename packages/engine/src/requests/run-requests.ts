import type { OutcomeStatus, Page, PageRequest, Run, RunStatus } from '@drover/model';
import type { PlannedCall, PlannedRequest, PlannedSet, PlannedWriteBack } from '../ports/plan-ledger.js';
import type { LogLine, ReasonCount, Resolution, RunHold, StoredOutcome } from '../ports/run-ledger.js';
import type { ExportFormat } from './object-requests.js';

/** A run with the names of what it runs over. */
export interface RunView extends Run {
  hold: RunHold;
  /** It has begun and not ended, and nobody goes on with it: no process that may still live executes runs. */
  isInterrupted: boolean;
  collection: string;
  connection: string;
}

/** A run at one moment, with what its plugin has logged since the moment before. */
export interface RunSighting {
  run: RunView;
  log: LogLine[];
}

export interface OutcomeFilter {
  status?: OutcomeStatus;
}

/** What a plan would send. */
export interface PlanView {
  /** Its requests by call. */
  calls: PlannedCall[];
  /** The requests themselves; a page holds at most 8 MiB of bodies. */
  requests: Page<PlannedRequest>;
  /** What it would set on objects, by attribute; what a planned request would have set is not known. */
  sets: PlannedSet[];
  writeBacks: Page<PlannedWriteBack>;
  /** It came to its end, so that `apply` can take it, as long as nobody takes its objects first. */
  isApplicable: boolean;
}

export interface RunRequests {
  /** Newest first. */
  list(query: { status?: RunStatus; action?: string } & PageRequest): Promise<Page<RunView>>;
  show(ref: string): Promise<RunView>;
  /** The run's state now, then as it goes on until it has ended; the last one that comes is the end. */
  watch(ref: string, options?: { signal?: AbortSignal }): AsyncIterable<RunSighting>;
  /** Asks for a graceful end: batches in hand finish, or with `atOnce` are cut off; the rest is deferred. */
  cancel(ref: string, options?: { atOnce?: boolean }): Promise<RunView>;
  /** Says of unknown objects of an ended run whether they were sent. Faults: `RUN_IN_PROGRESS`, `NOT_UNKNOWN`, `NOT_FOUND`. */
  resolve(ref: string, resolution: Resolution): Promise<{ run: RunView; resolved: number }>;
  /** Sees to it that an open run goes on being executed. Fault: `RUN_ENDED`. */
  resume(ref: string): Promise<RunView>;
  /** A new run over the run's failed objects. Fault: `NOTHING_TO_RETRY`. */
  retry(ref: string): Promise<RunView>;
  /**
   * What a plan would send and set. A cursor goes on with the one list that gave it; the other is empty then. Fault:
   * `INVALID_ARGUMENT` for a run that is no plan.
   */
  plan(ref: string, query?: PageRequest): Promise<PlanView>;
  /**
   * A new run that does what the plan showed. Faults: `INVALID_ARGUMENT` for a run that is no plan, `PLAN_STALE`,
   * `PLAN_INCOMPLETE`, `RUN_IN_PROGRESS`.
   */
  apply(ref: string): Promise<RunView>;
  outcomes(ref: string, query: OutcomeFilter & PageRequest): Promise<Page<StoredOutcome>>;
  /** The reasons of a run, most frequent first, at most `limit` (default 10). */
  reasons(ref: string, options?: { limit?: number }): Promise<ReasonCount[]>;
  /** Outcomes as text, chunk by chunk. */
  export(ref: string, options: OutcomeFilter & { format: ExportFormat }): AsyncIterable<string>;
}
