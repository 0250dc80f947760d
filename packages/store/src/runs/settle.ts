import type { ClaimResult, ClaimedTask, Figures, PlanRecord, Settlement } from '@drover/engine';
import { type FaultRecord, isFault, newId } from '@drover/model';
import { type Transaction, sql } from 'kysely';
import type { Database } from '../database/database.js';
import { RoundTrip } from '../database/round-trip.js';
import type { Tables } from '../database/tables.js';
import {
  type WriteBackReads,
  type WriteBackReport,
  type WriteBacks,
  askForWriteBacks,
  askToWriteBack,
} from '../objects/write-back.js';
import { recordWriteBacks } from '../plans/plan-write-backs.js';
import { forgetPlanObjects, recordPlan } from '../plans/record-plan.js';
import { claim, claimAmong } from './claim.js';
import type { Worker } from './lease-task.js';
import { type Settling, type Tallied, isPlain, settleRun } from './settle-run.js';
import { movedSince } from './fingerprint.js';
import { markHandled } from './handled.js';
import { type WentOn, comeToWait, goOn, mayGoOn } from './go-on.js';
import { askToHold, whileHeld, whileTaskHeld } from './hold-task.js';
import { quarantine } from '../quarantine/put-into-quarantine.js';
import { askForOutcomes, reviseOutcome, tally } from './outcomes.js';
import { settleParked } from './settle-parked.js';
import { type Parked, formatRanges, toRanges } from './rows.js';
import { figureSums, insertEvent } from './task-end.js';
import { candidateRuns, endHeldTask, endTaskRow } from './claim-queries.js';

type Trx = Transaction<Tables>;

/** The claim of a settlement failed, whose transaction is undone with it. */
class ClaimFailed extends Error {}

/**
 * Settles a batch and, with `claimNext`, claims the next task in the same transaction: one commit instead of two. Where its run may
 * simply go on, that is one trip; a claim that then has more to look at is a transaction of its own.
 */
export async function settleBatch(
  database: Database,
  settlement: Settlement,
  { claimNext, ...settling }: Settling & { claimNext: Worker | undefined },
): Promise<ClaimResult | undefined> {
  try {
    const next = await settle(database, settlement, { ...settling, worker: claimNext });
    if (next === undefined || !('claimed' in next)) return next;
    if (next.claimed !== undefined) return next.claimed;
    const { run } = next;
    const come = run === undefined ? Promise.resolve() : comeToWait(database, run, settling.now);
    const claimed = come.then(() => claim(database, claimNext!));
    // It is settled: what is wrong with the other task is the next claim's to report.
    return await claimed.catch(() => undefined);
  } catch (thrown) {
    if (!(thrown instanceof ClaimFailed)) throw thrown;
    await settle(database, settlement, settling);
    return undefined;
  }
}

async function settle(
  database: Database,
  settlement: Settlement,
  { worker, ...settling }: Settling & { worker?: Worker | undefined },
): Promise<ClaimResult | WentOn | undefined> {
  const { task, outcomes, parked = [], partial } = settlement;
  const late = {
    outcomes: outcomes.map(({ position, status, code }) => [position, status, code ?? null]),
    ...(parked.length === 0 ? {} : { parked: parked.map(({ position, token }) => [position, token]) }),
  };
  const going = worker === undefined ? undefined : mayGoOn(database, settlement);
  return whileTaskHeld<ClaimResult | WentOn | undefined, WriteBackReads>(database, task, late, {
    take: (trip) =>
      partial === true
        ? askToHold(trip, database, task)
        : endHeldTask.ask(trip, { id: task.id, token: task.leaseToken, now: settling.now }),
    reads: (trip) => askForWriteBacks(trip, database.traits, writeBacksOf(settlement)),
    async change(trx, reads) {
      const trip = new RoundTrip(trx);
      const tallied = await settleObjects(trip, database, { settlement, reads, now: settling.now });
      const settled = { settlement, ...tallied, ...settling };
      if (worker !== undefined && going !== undefined) {
        return goOn(trip, database, { ...settled, worker, going }).catch(failedClaim);
      }
      const candidates =
        worker === undefined ? undefined : candidateRuns.ask(trip, { now: worker.now, owner: worker.owner });
      const held = await settleRun(trip, { ...settled, isToClaim: worker !== undefined });
      if (worker === undefined) return undefined;
      let isBusy = false;
      const onBusy = (): void => void (isBusy = true);
      const among = { worker, candidates: candidates!.rows, held, onBusy };
      const claimed = await claimAmong(trx, database, among).catch(failedClaim);
      // Whoever waits must not have anything: the claim that waits is a transaction of its own.
      return isBusy && !('task' in claimed) ? { claimed: undefined } : claimed;
    },
  });
}

function failedClaim(cause: unknown): never {
  // Whether it is settled is not known when the connection is lost over the commit.
  if (isFault(cause) && cause.code === 'DATABASE_UNREACHABLE') throw cause;
  throw new ClaimFailed('', { cause });
}

interface ObjectsSettled {
  settlement: Settlement;
  reads: WriteBackReads;
  now: number;
}

/** What is a batch's own: batches of one run do this beside each other. The last of it is done when the trip is made. */
async function settleObjects(
  trip: RoundTrip,
  database: Database,
  { settlement, reads, now }: ObjectsSettled,
): Promise<Tallied> {
  const { task } = settlement;
  askForOutcomes(trip, database, { task, outcomes: settlement.outcomes, now });
  const isPlan = task.run.mode === 'plan';
  const written = isPlan
    ? NOTHING_WRITTEN
    : askToWriteBack(trip, database.traits, { ...writeBacksOf(settlement), reads });
  const counts = tally(settlement.outcomes);
  const parked = isPlain(settlement)
    ? 0
    : await settleSpecials(trip, database, { settlement, written, counts, now });
  return { counts, written, parked };
}

/** By how many the run's parked objects have become more. */
async function settleSpecials(
  trip: RoundTrip,
  database: Database,
  {
    settlement,
    written,
    counts,
    now,
  }: { settlement: Settlement; written: WriteBackReport; counts: Map<string, number>; now: number },
): Promise<number> {
  await trip.make();
  const trx = trip.db as Trx;
  const { task } = settlement;
  const moved = await movedSince(trx, database, { sent: settlement.sent, changedSeqs: written.changedSeqs });
  const parking = await settleParked(trx, database, settlement, moved);
  if (task.run.mode === 'plan') await recordWriteBacks(trx, database, task.run.id, settlement);
  else
    await markHandled(trx, database, settlement, { now, sentWith: new Map([...moved, ...parking.sentWith]) });
  if (settlement.plan !== undefined) await recordPlan(trx, database, task.run.id, settlement.plan);
  for (const row of settlement.revised ?? []) await reviseOutcome(trx, task, row, counts);
  if (settlement.again !== undefined) await queueAgain(trx, task, settlement.again, now);
  if (settlement.waiting !== undefined) {
    await queueAgain(trx, task, settlement.waiting, now);
    await waitIfAlone(trx, task, settlement.waiting.dueAt, now);
  }
  for (const positions of settlement.suspects ?? []) {
    await queueAgain(trx, task, { positions, dueAt: new Date(now), suspect: 1 }, now);
  }
  await quarantine(trx, task.run, settlement.quarantined ?? [], now);
  return parking.added;
}

const NOTHING_WRITTEN: WriteBackReport = {
  objectsWritten: 0,
  changedSeqs: new Set(),
  attributesWritten: 0,
};

/** What a settlement writes back; nothing of a plan's, which is put on record instead. */
function writeBacksOf({ task, attributes, statuses }: Settlement): WriteBacks {
  if (task.run.mode === 'plan') return { attributes: [], statuses: [] };
  const runId = task.run.id;
  return {
    attributes: attributes.map((write) => ({ ...write, at: write.at.getTime(), runId })),
    statuses: statuses.map((write) => ({ ...write, at: write.at.getTime(), runId })),
  };
}

const NOT_WAITING = { status: 'ready', waiting_since: null, parked: null };

function waitingFor({ code, message }: FaultRecord, parkedAt: Date) {
  const at = parkedAt.getTime();
  const parked = JSON.stringify({ at, code, message } satisfies Parked);
  return { status: 'waiting', waiting_since: at, parked };
}

async function queueAgain(
  trx: Trx,
  task: ClaimedTask,
  again: NonNullable<Settlement['again']> &
    Partial<Pick<NonNullable<Settlement['waiting']>, 'fault' | 'parkedAt'>> & { suspect?: 1 },
  now: number,
): Promise<void> {
  const { fault, parkedAt } = again;
  const isParked = fault !== undefined && parkedAt !== undefined;
  await trx
    .insertInto('tasks')
    .values({
      id: newId('task'),
      run_id: task.run.id,
      kind: 'batch',
      batch_index: task.batchIndex,
      ranges: formatRanges(toRanges(again.positions)),
      ...(isParked ? waitingFor(fault, parkedAt) : NOT_WAITING),
      attempt: isParked ? task.attempt : task.attempt + 1,
      deaths: 0,
      due_at: again.dueAt.getTime(),
      lease_owner: null,
      lease_token: 0,
      lease_until: null,
      created_at: now,
      settled_at: null,
      suspect: again.suspect ?? null,
    })
    .execute();
}

export async function settlePrepare(
  database: Database,
  task: ClaimedTask,
  {
    prepared,
    figures,
    plan,
    oneByOne = false,
    now,
  }: { prepared: unknown; figures: Figures; plan?: PlanRecord; oneByOne?: boolean; now: number },
): Promise<void> {
  await whileHeld(database, task, { prepared: true }, async (trx) => {
    await trx
      .updateTable('runs')
      .set({
        phase: 'execute',
        prepared: JSON.stringify(prepared ?? null),
        one_by_one: oneByOne ? 1 : 0,
        ...figureSums(figures),
      })
      .where('id', '=', task.run.id)
      .execute();
    if (plan !== undefined) await recordPlan(trx, database, task.run.id, plan);
    await endTaskRow(trx, { id: task.id, now: now });
  });
}

export async function postpone(
  database: Database,
  task: ClaimedTask,
  {
    dueAt,
    parkedAt,
    fault,
    figures,
    now,
  }: { dueAt: Date; parkedAt?: Date; fault: FaultRecord; figures: Figures; now: number },
): Promise<void> {
  await whileHeld(database, task, { postponed: true }, async (trx) => {
    await trx
      .updateTable('tasks')
      .set({
        due_at: dueAt.getTime(),
        lease_owner: null,
        lease_until: null,
        ...(parkedAt === undefined
          ? { status: 'ready', attempt: sql<number>`attempt + 1` }
          : {
              ...waitingFor(fault, parkedAt),
              waiting_since: sql<number>`coalesce(waiting_since, ${parkedAt.getTime()})`,
            }),
      })
      .where('id', '=', task.id)
      .execute();
    await trx.updateTable('runs').set(figureSums(figures)).where('id', '=', task.run.id).execute();
    if (parkedAt !== undefined) await waitIfAlone(trx, task, dueAt, now);
  });
}

/** The run of a task that waits does so too, unless something else of it is under way or due. */
async function waitIfAlone(trx: Trx, { run }: ClaimedTask, until: Date, now: number): Promise<void> {
  const others = await trx
    .selectFrom('tasks')
    .select('id')
    .where('run_id', '=', run.id)
    .where('status', 'in', ['leased', 'ready'])
    .limit(1)
    .executeTakeFirst();
  if (others !== undefined) return;
  await trx.updateTable('runs').set({ status: 'waiting' }).where('id', '=', run.id).execute();
  await insertEvent(trx, run.id, 'waiting', { until: until.toISOString() }, now);
}

/** Forgets what earlier tries of an `all` task have settled. */
export async function restartWhole(database: Database, task: ClaimedTask): Promise<void> {
  await whileHeld(database, task, { restarted: true }, async (trx) => {
    await trx.deleteFrom('outcomes').where('run_id', '=', task.run.id).execute();
    if (task.run.mode === 'plan') await forgetPlanObjects(trx, task.run.id);
    await trx
      .updateTable('runs')
      .set({ succeeded: 0, unchanged: 0, skipped: 0, rejected: 0, failed: 0, unknown: 0, objects_taken: 0 })
      .where('id', '=', task.run.id)
      .execute();
  });
}
