import type {
  BatchObjects,
  ClaimResult,
  ClaimedTask,
  ExpectedRequest,
  Figures,
  FreezeRule,
  HookPlace,
  LogLine,
  ParkedObject,
  Pass,
  PassRequest,
  PlacedObject,
  PlannedCall,
  PlannedObject,
  PlannedRequest,
  PlannedSet,
  PlannedWriteBack,
  PlanRecord,
  PositionRange,
  ReasonCount,
  Resolution,
  RunEvent,
  RunHold,
  RunLedger,
  RunListFilter,
  RunRequest,
  Settlement,
  StoredOutcome,
  ReapRule,
  Worker,
} from '@drover/engine';
import type {
  EndedRunStatus,
  FaultRecord,
  OutcomeStatus,
  Page,
  PageRequest,
  PassId,
  Run,
  RunId,
  TaskId,
} from '@drover/model';
import type { Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { createApply } from '../plans/create-apply.js';
import {
  findPlannedObjects,
  listExpectedRequests,
  listPlannedCalls,
  listPlannedRequests,
  plannedTotals,
} from '../plans/plan-queries.js';
import { listPlannedSets, listPlannedWriteBacks } from '../plans/plan-write-backs.js';
import { quarantinedBy } from '../quarantine/put-into-quarantine.js';
import { batchOf, objectsOf } from './batch-objects.js';
import { appendLog } from './append-log.js';
import { claim, reap } from './claim.js';
import { createRetry, createRun } from './create-run.js';
import { endRun } from './end-run.js';
import { freezeNext, openPass, remainingOf } from './passes.js';
import { parkedOf } from './pending-objects.js';
import { resolveUnknown } from './resolve-unknown.js';
import { toPass } from './rows.js';
import {
  cancelledAmong,
  findRun,
  listEvents,
  listOutcomes,
  listReasons,
  listRuns,
  renewLeases,
  requestCancel,
} from './run-queries.js';
import { postpone, restartWhole, settleBatch, settlePrepare } from './settle.js';

/** At most four progress events a second for one run. */
const PROGRESS_INTERVAL_MS = 250;

/** The run ledger over Kysely; one transaction a method. */
export class KyselyRunLedger implements RunLedger {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #announcedAt = new Map<string, number>();

  constructor(database: Database, options: { now?: () => number } = {}) {
    this.#database = database;
    this.#now = options.now ?? Date.now;
  }

  openPass(request: PassRequest): Promise<Pass> {
    return this.#transaction((trx) => openPass(trx, this.#database.traits, request, this.#now()));
  }

  freezeNext(passId: PassId, rule: FreezeRule): Promise<boolean> {
    return freezeNext(this.#database, passId, rule, this.#now());
  }

  pass(passId: PassId): Promise<Pass | undefined> {
    return this.#transaction(async (trx) => {
      const row = await trx.selectFrom('passes').selectAll().where('id', '=', passId).executeTakeFirst();
      return row === undefined ? undefined : toPass(row, await remainingOf(trx, passId));
    });
  }

  createRun(request: RunRequest): Promise<RunId> {
    return this.#transaction((trx) => createRun(trx, this.#database.traits, request, this.#now()));
  }

  createRetry(runId: RunId, request: Omit<RunRequest, 'passId' | 'objectsPerRun' | 'mode'>): Promise<RunId> {
    return this.#transaction((trx) => createRetry(trx, this.#database.traits, runId, request, this.#now()));
  }

  createApply(planId: RunId, request: { exclusiveKey?: string }): Promise<RunId> {
    return this.#transaction((trx) => createApply(trx, this.#database.traits, planId, request, this.#now()));
  }

  plannedRequests(planId: RunId, request: PageRequest): Promise<Page<PlannedRequest>> {
    return listPlannedRequests(this.#database, planId, request);
  }

  plannedCalls(planId: RunId): Promise<PlannedCall[]> {
    return listPlannedCalls(this.#database, planId);
  }

  expectedRequests(place: HookPlace): Promise<ExpectedRequest[]> {
    return listExpectedRequests(this.#database, place);
  }

  plannedSets(planId: RunId): Promise<PlannedSet[]> {
    return listPlannedSets(this.#database, planId);
  }

  plannedWriteBacks(planId: RunId, request: PageRequest): Promise<Page<PlannedWriteBack>> {
    return listPlannedWriteBacks(this.#database, planId, request);
  }

  plannedObjects(planId: RunId, ranges: readonly PositionRange[]): Promise<Map<number, PlannedObject>> {
    return findPlannedObjects(this.#database, planId, ranges);
  }

  plannedTotals(planId: RunId): Promise<{ requests: number; objects: number }> {
    return plannedTotals(this.#database, planId);
  }

  run(runId: RunId): Promise<(Run & { hold: RunHold }) | undefined> {
    return findRun(this.#database, runId, this.#now());
  }

  listRuns(request: PageRequest & RunListFilter): Promise<Page<Run & { hold: RunHold }>> {
    return listRuns(this.#database, request, this.#now());
  }

  outcomes(runId: RunId, request: PageRequest & { status?: OutcomeStatus }): Promise<Page<StoredOutcome>> {
    return listOutcomes(this.#database, runId, request);
  }

  reasons(runId: RunId, limit: number): Promise<ReasonCount[]> {
    return listReasons(this.#database, runId, limit);
  }

  requestCancel(runId: RunId, options: { atOnce: boolean }): Promise<void> {
    return requestCancel(this.#database, runId, options);
  }

  cancelled(runIds: readonly RunId[]): Promise<{ runId: RunId; atOnce: boolean }[]> {
    return cancelledAmong(this.#database, runIds);
  }

  resolveUnknown(runId: RunId, resolution: Resolution): Promise<number> {
    return resolveUnknown(this.#database, runId, resolution, this.#now());
  }

  claim(worker: Worker): Promise<ClaimResult> {
    return claim(this.#database, { ...worker, now: worker.now.getTime() });
  }

  objectsOf(passId: PassId, ranges: readonly PositionRange[]): Promise<PlacedObject[]> {
    return objectsOf(this.#database, passId, ranges);
  }

  batchOf(task: ClaimedTask): Promise<BatchObjects> {
    return batchOf(this.#database, task);
  }

  quarantinedBy(runId: RunId): Promise<number> {
    return quarantinedBy(this.#database, runId);
  }

  parkedOf(task: ClaimedTask): Promise<ParkedObject[]> {
    return parkedOf(this.#database, task);
  }

  renewLeases(
    owner: string,
    tasks: readonly TaskId[],
    { leaseMs, now }: { leaseMs: number; now: Date },
  ): Promise<TaskId[]> {
    return renewLeases(this.#database, { owner, tasks, until: now.getTime() + leaseMs });
  }

  reap({ now, ...whose }: { now: Date } & ReapRule): Promise<number> {
    return reap(this.#database, { ...whose, now: now.getTime() });
  }

  settlePrepare(
    task: ClaimedTask,
    prepared: unknown,
    figures: Figures,
    more: { plan?: PlanRecord; oneByOne?: boolean } = {},
  ): Promise<void> {
    return settlePrepare(this.#database, task, { prepared, figures, now: this.#now(), ...more });
  }

  async settleBatch(
    settlement: Settlement,
    { claimNext }: { claimNext?: Worker | undefined } = {},
  ): Promise<ClaimResult | undefined> {
    const now = this.#now();
    const runId = settlement.task.run.id;
    const announce = now - (this.#announcedAt.get(runId) ?? 0) >= PROGRESS_INTERVAL_MS;
    if (announce) this.#announcedAt.set(runId, now);
    const worker = claimNext && { ...claimNext, now: claimNext.now.getTime() };
    return settleBatch(this.#database, settlement, { now, announce, claimNext: worker });
  }

  restartWhole(task: ClaimedTask): Promise<void> {
    return restartWhole(this.#database, task);
  }

  postpone(
    task: ClaimedTask,
    options: { dueAt: Date; parkedAt?: Date; fault: FaultRecord; figures: Figures },
  ): Promise<void> {
    return postpone(this.#database, task, { ...options, now: this.#now() });
  }

  endRun(
    task: ClaimedTask,
    end: { fault?: FaultRecord; finishFault?: FaultRecord; figures: Figures; plan?: PlanRecord },
  ): Promise<EndedRunStatus> {
    this.#announcedAt.delete(task.run.id);
    return endRun(this.#database, task, { ...end, now: this.#now() });
  }

  appendLog(task: ClaimedTask, lines: readonly LogLine[]): Promise<void> {
    return appendLog(this.#database, task, { lines, now: this.#now() });
  }

  events(runId: RunId, afterSeq: number): Promise<RunEvent[]> {
    return listEvents(this.#database, runId, afterSeq);
  }

  #transaction<Result>(work: (trx: Transaction<Tables>) => Promise<Result>): Promise<Result> {
    return this.#database.kysely.transaction().execute(work);
  }
}
