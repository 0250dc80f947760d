import type { ClaimedTask, OutcomeRow } from '@drover/engine';
import { type Transaction, sql } from 'kysely';
import { type Database, rowsFrom } from '../database/database.js';
import type { Tables } from '../database/tables.js';

type Trx = Transaction<Tables>;

const OUTCOME_COLUMNS = {
  position: 'bigint',
  object_seq: 'bigint',
  status: 'text',
  code: 'text',
  message: 'text',
  data: 'text',
} as const;

export async function insertOutcomes(
  trx: Trx,
  database: Database,
  task: ClaimedTask,
  outcomes: readonly OutcomeRow[],
  now: number,
): Promise<void> {
  if (outcomes.length === 0) return;
  const rows = outcomes.map((row) => ({
    position: row.position,
    object_seq: row.objectSeq,
    status: row.status,
    code: row.code ?? null,
    message: row.message ?? null,
    data: row.data === undefined ? null : JSON.stringify(row.data),
  }));
  await sql`insert into outcomes (run_id, position, object_seq, status, code, message, data, attempt, at)
    select cast(${task.run.id} as text), position, object_seq, status, code, message, data,
      cast(${task.attempt} as integer), cast(${now} as bigint)
    from ${rowsFrom(database.traits, OUTCOME_COLUMNS, rows)} as o`.execute(trx);
}

/** How many outcomes there are of each status. */
export function tally(outcomes: readonly OutcomeRow[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { status } of outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}

/** Replaces a stored outcome and moves its count. */
export async function reviseOutcome(
  trx: Trx,
  task: ClaimedTask,
  row: OutcomeRow,
  counts: Map<string, number>,
): Promise<void> {
  const before = await trx
    .selectFrom('outcomes')
    .select('status')
    .where('run_id', '=', task.run.id)
    .where('position', '=', row.position)
    .executeTakeFirst();
  if (before === undefined || before.status === row.status) return;
  await trx
    .updateTable('outcomes')
    .set({ status: row.status, code: row.code ?? null, message: row.message ?? null })
    .where('run_id', '=', task.run.id)
    .where('position', '=', row.position)
    .execute();
  counts.set(before.status, (counts.get(before.status) ?? 0) - 1);
  counts.set(row.status, (counts.get(row.status) ?? 0) + 1);
}
