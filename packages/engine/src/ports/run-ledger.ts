import type {
  CollectionId,
  ConnectionId,
  EmitMode,
  EndedRunStatus,
  FaultRecord,
  FeedId,
  JsonValue,
  LimitsSpec,
  OutcomeCounts,
  OutcomeStatus,
  Page,
  PageRequest,
  PassId,
  PluginObject,
  Run,
  RunId,
  RunStatus,
  TaskId,
  Trigger,
  AcceptedType,
  AttributeValue,
  RunMode,
} from '@drover/model';
import type { JournaledResult } from './call-journal.js';
import type { PlanLedger, PlanRecord } from './plan-ledger.js';
import type { WriteResult } from './plugin-runtime.js';
import type { PositionRange } from './position-range.js';

export type { PositionRange };

export interface PassRequest {
  /** Equal for requests that offer the same collection to the same use of a plugin. */
  offering: string;
  pluginId: string;
  actionId: number;
  bundleDigest: string;
  connectionId: ConnectionId;
  collectionId: CollectionId;
  /** Names the step whose handled objects are left out; absent for direct runs, which mark nothing. */
  stepKey?: string;
  config: Record<string, unknown>;
  trigger: Trigger;
  /** Gives up an open pass of this offering and begins anew. Fault `RUN_IN_PROGRESS` while a run of it is open. */
  restart: boolean;
  /**
   * A plan goes on with an open pass that runs have taken from. Else its pass is its own: it gives way to the next plan or
   * run, which freezes the collection anew, unless the plan is applied.
   */
  mode: RunMode;
}

export interface Pass {
  id: PassId;
  pluginId: string;
  bundleDigest: string;
  config: Record<string, unknown>;
  status: 'freezing' | 'open' | 'done' | 'abandoned';
  objects: number;
  notAccepted: number;
  remaining: number;
}

/** Which objects of a collection a pass takes. */
export interface FreezeRule {
  accepts: readonly AcceptedType[];
  /** For passes with a step key: `new` leaves out what the step has handled, `changed` only if it is as it was. */
  inputMode: 'new' | 'changed';
  /** Attributes that count for "changed". */
  reads: readonly string[];
}

export interface RunRequest {
  passId: PassId;
  trigger: Trigger;
  /** A plan looks at the pass's next slice and takes nothing. */
  mode: RunMode;
  objectsPerRun: number;
  limits: RunLimits;
  /** Runs with equal keys exclude each other. */
  exclusiveKey?: string;
  /** The feed whose open send the run is: fault `RUN_IN_PROGRESS` when that has a run, or there is none. */
  sendOf?: { feedId: FeedId; begunAt: string };
}

/** The part of the manifest's limits that claiming needs, with defaults filled in. */
export type RunLimits = {
  batchObjects: number;
  batchBytes?: number;
  /** Most tasks in hand at a time, of all runs of the plugin over the connection. */
  concurrency: number;
  /** Most tasks of the run in hand at a time. */
  runConcurrency: number;
  firstBatchAlone: boolean;
  scope: NonNullable<LimitsSpec['scope']>;
};

export type TaskKind = 'prepare' | 'batch' | 'all' | 'poll' | 'finish';

/** A task under this worker's lease. */
export interface ClaimedTask {
  id: TaskId;
  kind: TaskKind;
  batchIndex: number;
  ranges: PositionRange[];
  /** 1 for the first try. */
  attempt: number;
  /** How often its worker was lost: its lease ran out, or its process was found dead. */
  deaths: number;
  leaseToken: number;
  /** One of its objects may be what ends the plugin's process: it gets one of its own. */
  isSuspect: boolean;
  /** When the first wait for a rate limit began. */
  waitingSince?: Date;
  /** The first batch that this pass sends: the place to clear a vendor list. */
  isFirstOfPass: boolean;
  run: ClaimedRun;
}

export interface ClaimedRun {
  id: RunId;
  passId: PassId;
  pluginId: string;
  bundleDigest: string;
  connectionId: ConnectionId;
  stepKey?: string;
  config: Record<string, unknown>;
  trigger: Trigger;
  mode: RunMode;
  /** The plan that this run applies. */
  planId?: RunId;
  startedAt: Date;
  isFirstSlice: boolean;
  isLastSlice: boolean;
  remaining: number;
  prepared: unknown;
  counts: OutcomeCounts;
  vendorWrites: number;
  /** Whether `prepare` has come through. */
  isPrepared: boolean;
  /** The run was stopped before its slice was through: only its `finish` is left, and what was sent and has no outcome. */
  stopped?: 'cancelled' | 'fault';
  /** The fault that stopped it. */
  fault?: FaultRecord;
}

/** Who claims: the tasks are leased to `owner` for `leaseMs` from `now`. */
export interface Worker {
  owner: string;
  leaseMs: number;
  now: Date;
}

export type ClaimResult =
  | { task: ClaimedTask; /** More tasks of this run could be claimed right now. */ more: boolean }
  | { task?: undefined; /** When the next task becomes due, if one is known. */ nextDueAt?: Date };

/** An object at its place in a pass; `object` is absent when it was removed since. */
export interface PlacedObject {
  position: number;
  objectSeq: number;
  object?: PluginObject;
}

export interface OutcomeRow {
  position: number;
  objectSeq: number;
  status: Exclude<OutcomeStatus, 'deferred'>;
  code?: string;
  message?: string;
  data?: Record<string, unknown>;
}

/** An object that was sent and whose outcome the vendor is asked for later. */
export interface ParkedObject {
  position: number;
  objectSeq: number;
  token: JsonValue;
  /** Facts given with the last `pending`. */
  data?: Record<string, unknown>;
  /** When it was parked first. */
  since: Date;
  /** Not to be polled before; the store rounds it up to a whole second, so that neighbours are polled together. */
  dueAt: Date;
  /** Polls that have answered `pending` again. */
  polls: number;
  /** Polls that have come back with a fault since one last answered. */
  failures: number;
}

/** An object that ended its plugin's process when it was alone with it. */
export interface QuarantinedObject {
  objectSeq: number;
  revision: number;
  /** The plugin's. */
  version: string;
  fault: FaultRecord;
  /** Tries of the object in this run. */
  attempts: number;
  /** The last lines. */
  log: readonly LogLine[];
}

export interface AttributeWrite {
  objectSeq: number;
  name: string;
  value: AttributeValue;
  mode: EmitMode;
  source: string;
  /** When the vendor answered. */
  at: Date;
}

export interface StatusWrite {
  objectSeq: number;
  status: string;
  source: string;
  /** When the vendor answered. */
  at: Date;
}

export interface Figures {
  vendorCalls: number;
  vendorWrites: number;
  waitedMs: number;
}

/** A task's end, or a part of it, in one transaction. Fault `LEASE_LOST` when the lease is no longer this worker's. */
export interface Settlement {
  task: ClaimedTask;
  outcomes: OutcomeRow[];
  attributes: AttributeWrite[];
  statuses: StatusWrite[];
  figures: Figures;
  /** Objects to try again in this run, as a task of their own. */
  again?: { positions: number[]; dueAt: Date };
  /**
   * Objects that wait for a time that this fault names, as a task of their own. What the batch has come to before was no try of theirs, so
   * that the attempt does not count; the time from `parkedAt` until the task is claimed counts as waited.
   */
  waiting?: { positions: number[]; dueAt: Date; parkedAt: Date; fault: FaultRecord };
  /** Objects to try again at once, each list as a suspect task of its own. */
  suspects?: number[][];
  /** Objects that ended the plugin's process; they have their outcome among the others. */
  quarantined?: QuarantinedObject[];
  /**
   * Objects whose outcome is to be asked for later, without a task until then. What a `poll` task was given and is not
   * among them has an outcome.
   */
  parked?: ParkedObject[];
  /** Positions that go back to the pass; the run's summary counts them as deferred. */
  deferred?: PositionRange[];
  /** Objects answered for twice: their outcomes, already stored, become these. */
  revised?: OutcomeRow[];
  /** What a plan recorded. */
  plan?: PlanRecord;
  /** Leaves the task leased: more settlements of it follow (`all`). */
  partial?: boolean;
  /** A fault of the whole run: it takes no further objects and ends `failed`. */
  runFault?: FaultRecord;
  /** The batch came through and wrote, if its plugin writes: what comes first in the pass has been done. */
  cleanFirst?: boolean;
  /** Attributes that make an object another one for a step. */
  reads: readonly string[];
  /**
   * By object, the revision with which it was sent, for a step: what somebody else has changed since then is offered to it again. Objects
   * that are not in it count as they are now.
   */
  sent?: ReadonlyMap<number, number>;
}

export interface RunListFilter {
  status?: RunStatus;
  pluginId?: string;
}

export interface StoredOutcome {
  objectId: string;
  type: string;
  subtype?: string;
  value: string;
  status: OutcomeStatus;
  code?: string;
  message?: string;
  data?: Record<string, unknown>;
  attempt: number;
  at: string;
  /** What the journal knows of an `unknown` object's call. */
  evidence?: CallEvidence;
}

/** A call that left, or may have left, for an object whose outcome is unknown. Times in ISO 8601. */
export interface CallEvidence {
  call: string;
  /** When it was about to leave. */
  intentAt: string;
  /** When its answer, or the end of the connection, was recorded: later than the outcome for a late answer. */
  answeredAt?: string;
  /** `notSent`: a worker that came back late says that it has kept the call back. */
  result?: JournaledResult | Extract<WriteResult, { kind: 'notSent' }>;
}

/** A person's word on unknown outcomes: that the call arrived at the vendor, or that it did not. */
export interface Resolution {
  as: 'sent' | 'not-sent';
  /** Id or value of one object, or all unknown ones of the run. */
  objects: { ref: string } | 'all';
}

export interface ReasonCount {
  status: OutcomeStatus;
  code: string;
  objects: number;
  /** One of the messages. */
  example: string;
}

/** Whose leases are over before their time. */
export interface ReapRule {
  /** The one that executes alone: everybody else's are. */
  onlyOwner?: string;
  /** Those known to be gone. */
  goneOwners?: readonly string[];
}

/** How a run that has not ended is held: what `run list` shows beside its status. */
export interface RunHold {
  /** Tasks under a lease that has not run out. */
  liveTasks: number;
  /** What the parked batch that goes on first waits for: a fault's code and sentence, and ISO 8601. */
  waits?: { code: string; message: string; until: string };
  /** Whose work comes first, where nothing of the run is in hand: the run that excludes it, or what fills its plugin or its connection. */
  behind?: { runId: RunId } | { full: 'plugin' | 'connection'; concurrency: number };
}

export interface BatchObjects {
  /** As `RunLedger.objectsOf` has them. */
  placed: PlacedObject[];
  /** Those that the run's plugin has in quarantine with this bundle as they are now, by `objectSeq`. */
  quarantined: ReadonlySet<number>;
}

/**
 * Passes, runs and tasks: the truth about work. Every method is one transaction, so that a process may die between any
 * two of them and another one goes on from what the ledger says.
 */
export interface RunLedger extends PlanLedger {
  /** The open pass of this offering, or a new one that is still to be frozen. */
  openPass(request: PassRequest): Promise<Pass>;
  /** Freezes the next part of the pass's list; false when nothing is left to freeze. Goes on where a dead process stopped. */
  freezeNext(passId: PassId, rule: FreezeRule): Promise<boolean>;
  pass(passId: PassId): Promise<Pass | undefined>;

  /** Takes the pass's next slice. Fault `RUN_IN_PROGRESS` while another run of the pass is open. */
  createRun(request: RunRequest): Promise<RunId>;
  /** A run over the objects that failed in an ended run. Fault `NOTHING_TO_RETRY`. */
  createRetry(runId: RunId, request: Omit<RunRequest, 'passId' | 'objectsPerRun' | 'mode'>): Promise<RunId>;
  run(runId: RunId): Promise<(Run & { hold: RunHold }) | undefined>;
  listRuns(request: PageRequest & RunListFilter): Promise<Page<Run & { hold: RunHold }>>;
  outcomes(runId: RunId, request: PageRequest & { status?: OutcomeStatus }): Promise<Page<StoredOutcome>>;
  /** Codes of what did not succeed, most frequent first. */
  reasons(runId: RunId, limit: number): Promise<ReasonCount[]>;
  /** Asks for a cancel: what is in flight settles, or with `atOnce` is cut off; the rest is deferred. */
  requestCancel(runId: RunId, options: { atOnce: boolean }): Promise<void>;
  /** Those of the runs that were cancelled. */
  cancelled(runIds: readonly RunId[]): Promise<{ runId: RunId; atOnce: boolean }[]>;
  /**
   * Turns unknown outcomes of an ended run into `succeeded` (sent) or `failed` with `RESOLVED_NOT_SENT` (not sent), in the
   * books of its step as well; the run's status follows. Returns how many. Faults as `Engine.resolve`.
   */
  resolveUnknown(runId: RunId, resolution: Resolution): Promise<number>;

  /** Leases the next eligible task: fair between runs, within each run's limits. */
  claim(worker: Worker): Promise<ClaimResult>;
  /** Objects of a task in order, with attributes and aliases. */
  objectsOf(passId: PassId, ranges: readonly PositionRange[]): Promise<PlacedObject[]>;
  /** What a batch begins with, in one go. */
  batchOf(task: ClaimedTask): Promise<BatchObjects>;
  /** How many objects the run has put into quarantine. */
  quarantinedBy(runId: RunId): Promise<number>;
  /** The parked objects that a `poll` task was claimed with, in the order of their positions. */
  parkedOf(task: ClaimedTask): Promise<ParkedObject[]>;
  /**
   * Prolongs the owner's leases on these tasks; returns those that it still holds. A task of the owner that it does not name,
   * since the answer to its claim was lost or its settlement failed, is left to run out.
   */
  renewLeases(
    owner: string,
    tasks: readonly TaskId[],
    options: { leaseMs: number; now: Date },
  ): Promise<TaskId[]>;
  /** Frees tasks whose lease has run out, and those of `whose`. Returns how many. */
  reap(options: { now: Date } & ReapRule): Promise<number>;

  settlePrepare(
    task: ClaimedTask,
    prepared: unknown,
    figures: Figures,
    more?: {
      plan?: PlanRecord;
      /** The objects of batches go to the plugin one by one: one worker has them at a time, over all runs of the plugin over the connection. */
      oneByOne?: boolean;
    },
  ): Promise<void>;
  /**
   * `claimNext`: claims as `claim` does in the same transaction, for the worker whose hands are free now; the claim's result
   * comes back. A claim that fails does not keep the settlement from being made: then, as without it, nothing comes back.
   */
  settleBatch(
    settlement: Settlement,
    options?: { claimNext?: Worker | undefined },
  ): Promise<ClaimResult | undefined>;
  /** Drops what earlier tries of an `all` task have settled, before it starts again. */
  restartWhole(task: ClaimedTask): Promise<void>;
  /**
   * Puts a task back to be tried again at `dueAt`, for this fault's sake; `parkedAt` when a rate limit is the reason (the attempt does not
   * count, and the time from then until it is claimed again counts as waited).
   */
  postpone(
    task: ClaimedTask,
    options: { dueAt: Date; parkedAt?: Date; fault: FaultRecord; figures: Figures },
  ): Promise<void>;
  /** Ends the run after its `finish` hook, or without one when it was cancelled or a fault stopped it. */
  endRun(
    task: ClaimedTask,
    end: { fault?: FaultRecord; finishFault?: FaultRecord; figures: Figures; plan?: PlanRecord },
  ): Promise<EndedRunStatus>;

  /** Keeps what a hook of the task has logged; of a task that is another worker's by now, it stands aside as evidence. */
  appendLog(task: ClaimedTask, lines: readonly LogLine[]): Promise<void>;
  events(runId: RunId, afterSeq: number): Promise<RunEvent[]>;
}

export interface LogLine {
  level: 'debug' | 'info' | 'warn';
  message: string;
  fields?: Record<string, unknown>;
}

export interface RunEvent {
  seq: number;
  runId: RunId;
  at: string;
  kind: 'started' | 'progress' | 'waiting' | 'log' | 'ended' | 'resolved';
  data: Record<string, unknown>;
}
