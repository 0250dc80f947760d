import type { ClaimResult, RunLimits, Settlement } from '@drover/engine';
import { newId } from '@drover/model';
import { sql } from 'kysely';
import type { Database } from '../database/database.js';
import { preparedQuery } from '../database/prepared-query.js';
import type { RoundTrip } from '../database/round-trip.js';
import { askForNextBatch } from './batch-objects.js';
import { lockRun, runInTurn } from './claim-queries.js';
import { type Worker, claimedTask, heldBy, newTask, passOf, runAtClaim } from './lease-task.js';
import { awaitContended } from './room.js';
import { type RunRow, limitsOf, stopOf } from './rows.js';
import { waitForPoll } from './settle-parked.js';
import { type Settling, type Tallied, askToCount, goesOnAlike } from './settle-run.js';

/** The next batch of a run, as it was cut. */
interface Cut {
  from: number;
  index: number;
  /** Tasks in flight beside it. */
  leased: number;
}

interface NextBatch extends Record<string, string | number> {
  id: string;
  runId: string;
  /** How many it has. */
  objects: number;
  runConcurrency: number;
  owner: string;
  until: number;
  now: number;
}

/**
 * Makes the next batch of a run that this transaction holds, leased from the start, and gives it. Nothing where there is more to know:
 * when it is another run's turn, when something else of this one is due, when it was stopped, or when it has not that many
 * positions in one piece. That is for a claim, whose rules these are for a run that simply goes on.
 */
const makeNextBatch = preparedQuery<NextBatch, Cut>(
  (db, { id, runId, objects, runConcurrency, owner, until, now }) => {
    const size = sql`cast(${objects} as bigint)`;
    const at = sql<number>`cast(${now} as bigint)`;
    const query = sql<Cut>`with turn as (
      select id, leased from (${runInTurn(db, { now: at, owner: sql<string>`cast(${owner} as text)` })}) as first
      where id = ${runId} and leased < cast(${runConcurrency} as bigint)
    ), cut as (
      update run_ranges set from_position = from_position + ${size}
      where run_id = (select id from turn)
        and from_position = (select min(first.from_position) from run_ranges as first where first.run_id = ${runId})
        and to_position - from_position > ${size}
        and exists (select 1 from runs where id = ${runId} and status = 'running' and phase = 'execute'
          and fault is null and cancel_requested = 0 and pending = 0)
        and not exists (select 1 from tasks where run_id = ${runId} and status <> 'done' and status <> 'leased'
          and due_at <= ${at})
      returning from_position - ${size} as from_position
    ), counted as (
      update runs set batches_cut = batches_cut + 1, taken_at = ${at} where id = ${runId} and exists (select 1 from cut)
      returning batches_cut - 1 as batch_index
    ), made as (
      insert into tasks (id, run_id, kind, batch_index, ranges, status, attempt, deaths, due_at, lease_owner,
        lease_token, lease_until, created_at)
      select ${id}, ${runId}, 'batch', batch_index, '[[' || from_position || ',' || from_position + ${size} || ']]',
        'leased', 1, 0, ${at}, ${owner}, 1, cast(${until} as bigint), ${at}
      from cut, counted
    ) select from_position as "from", batch_index as "index", leased from cut, counted, turn`;
    return { compile: () => query.compile(db) };
  },
);

interface Going {
  run: RunRow;
  limits: RunLimits;
}

/** The run of a settlement as its claim knew it, if its next batch may be made in the trip that counts this one. */
export function mayGoOn({ traits }: Database, settlement: Settlement): Going | undefined {
  const { task, cleanFirst, partial } = settlement;
  const run = runAtClaim(task);
  if (!traits.changesInWith || run === undefined || partial === true || task.kind !== 'batch')
    return undefined;
  const limits = limitsOf(run);
  const isCutByNumber = limits.batchBytes === undefined && limits.scope === 'slice' && run.plan_id === null;
  const isUnderWay = run.first_batch_done === 1 || !(limits.firstBatchAlone || cleanFirst === true);
  if (!isCutByNumber || !isUnderWay || run.pending > 0 || !goesOnAlike(settlement)) return undefined;
  return { run, limits };
}

export interface WentOn {
  /** Absent where it takes a claim to say what is next. */
  claimed: ClaimResult | undefined;
  /** The run as it was counted; absent where that is all there was to do for it. */
  run?: RunRow;
}

/**
 * Counts a settlement, makes the run's next batch, commits and reads its objects, all in one trip: the batches of a run wait for each
 * other while the database counts, makes and commits, and for no answer to anybody; so do those of other runs over the connection. Nothing else may be asked of the transaction then.
 */
export async function goOn(
  trip: RoundTrip,
  database: Database,
  {
    settlement,
    worker,
    going,
    ...counting
  }: Settling & Tallied & { settlement: Settlement; worker: Worker; going: Going },
): Promise<WentOn> {
  const { batchObjects: objects, runConcurrency } = going.limits;
  const { owner, now } = worker;
  const counted = askToCount(trip, settlement, counting);
  const id = newId('task');
  const next = { id, runId: going.run.id, objects, runConcurrency, owner, now, until: now + worker.leaseMs };
  awaitContended.ask(trip, { runId: going.run.id }, database.traits);
  const cut = makeNextBatch.ask(trip, next);
  const pass = await passOf(trip.db, database, going.run.pass_id);
  trip.askToCommit();
  // The task is this worker's by now, whoever has the run next.
  const keep = askForNextBatch(trip, database.traits, { run: settlement.task.run, taskId: id, objects });
  await trip.make();
  const run = counted.rows[0]!;
  const [made] = cut.rows;
  if (made === undefined) return { claimed: undefined, run };
  run.batches_cut = made.index + 1;
  const ranges = [{ from: made.from, to: made.from + objects }];
  const fresh = newTask(run, { id, kind: 'batch', index: made.index, ranges }, now);
  const task = claimedTask(heldBy(worker, fresh), run, pass);
  keep(task);
  return { claimed: { task, more: made.leased + 1 < runConcurrency }, run };
}

/** What is left to do where a run did not simply go on: it may have come to where it only waits for the vendor. */
export async function comeToWait({ kysely, traits }: Database, run: RunRow, now: number): Promise<void> {
  if (run.pending === 0 || stopOf(run) !== undefined) return;
  await kysely.transaction().execute(async (trx) => {
    const [held] = await lockRun(traits)(trx, { id: run.id });
    if (held === undefined || held.pending === 0 || stopOf(held) !== undefined) return;
    await waitForPoll(trx, held.id, { pending: held.pending, now });
  });
}
