import type { ClaimedTask } from '@drover/engine';
import { Fault } from '@drover/model';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import { type Answer, RoundTrip } from '../database/round-trip.js';
import type { Tables } from '../database/tables.js';
import { lockHeldTask, lockRun } from './claim-queries.js';
import type { RunRow } from './rows.js';

type Trx = Transaction<Tables>;

/**
 * Runs `change` in a transaction that holds the task and then its run, in this order everywhere. A late result with an old
 * token finds the task taken: it is kept in the journal as evidence and changes nothing else.
 */
export function whileHeld<Result>(
  database: Database,
  task: ClaimedTask,
  late: unknown,
  change: (trx: Trx, run: RunRow) => Promise<Result>,
): Promise<Result> {
  return whileTaskHeld(database, task, late, {
    take: (trip) => askToHold(trip, database, task),
    reads: () => undefined,
    async change(trx) {
      const [run] = await lockRun(database.traits)(trx, { id: task.run.id });
      return change(trx, run!);
    },
  });
}

/** Takes the task for this transaction alone; no row comes back when it is another worker's by now. */
export function askToHold(
  trip: RoundTrip,
  { traits }: Database,
  { id, leaseToken: token }: ClaimedTask,
): Answer<unknown> {
  return lockHeldTask.ask(trip, { id, token }, traits);
}

/**
 * As `whileHeld`, for a change that takes the run only when it comes to it: what all batches of a run wait for each
 * other with should be little. `take` answers with a row where the task is still this worker's; what `reads` asks comes along.
 */
export async function whileTaskHeld<Result, Reads>(
  database: Database,
  task: ClaimedTask,
  late: unknown,
  {
    take,
    reads,
    change,
  }: {
    take(trip: RoundTrip): Answer<unknown>;
    reads(trip: RoundTrip): Reads;
    change(trx: Trx, reads: Reads): Promise<Result>;
  },
): Promise<Result> {
  const settled = await database.kysely.transaction().execute(async (trx) => {
    const trip = new RoundTrip(trx);
    const held = take(trip);
    const read = reads(trip);
    await trip.make();
    if (held.rows.length > 0) return { result: await change(trx, read) };
    await keepLate(trx, task, late);
    return undefined;
  });
  if (settled === undefined) {
    throw new Fault(
      'LEASE_LOST',
      `${task.id} of ${task.run.id} is another worker’s by now; its late result was set aside.`,
    );
  }
  return settled.result;
}

/** What comes of a task that is another worker's by now: evidence, and no more. */
export async function keepLate(db: Kysely<Tables>, task: ClaimedTask, late: unknown): Promise<void> {
  const at = Date.now();
  await db
    .insertInto('journal')
    .values({
      run_id: task.run.id,
      task_id: task.id,
      kind: 'late',
      call: null,
      object_seq: null,
      lease_token: task.leaseToken,
      intent_at: at,
      answered_at: at,
      answer: JSON.stringify(late),
    })
    .execute();
}
