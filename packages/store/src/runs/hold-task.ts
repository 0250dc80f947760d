import type { ClaimedTask } from '@drover/engine';
import { Fault } from '@drover/model';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { heldTask, lockRun } from './claim-queries.js';
import type { RunRow } from './rows.js';

type Trx = Transaction<Tables>;

/**
 * The run of a task whose lease is still the claimer's, locked. A late result with an old token finds it taken: it is
 * kept in the journal as evidence and changes nothing else.
 */
async function holdTask(trx: Trx, database: Database, task: ClaimedTask): Promise<RunRow | undefined> {
  const [run] = await lockRun(database.traits)(trx, { id: task.run.id });
  const [held] = await heldTask(trx, { id: task.id, token: task.leaseToken });
  return held === undefined ? undefined : run;
}

/** Runs `change` in a transaction that holds the task; keeps `late` as evidence when the lease is gone. */
export async function whileHeld<Result>(
  database: Database,
  task: ClaimedTask,
  late: unknown,
  change: (trx: Trx, run: RunRow) => Promise<Result>,
): Promise<Result> {
  const settled = await database.kysely.transaction().execute(async (trx) => {
    const run = await holdTask(trx, database, task);
    if (run !== undefined) return { result: await change(trx, run) };
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
