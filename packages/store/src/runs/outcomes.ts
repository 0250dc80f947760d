import type { ClaimedTask, OutcomeRow } from '@drover/engine';
import type { Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import { askInsert } from '../database/insert-rows.js';
import type { RoundTrip } from '../database/round-trip.js';
import type { Tables } from '../database/tables.js';

type Trx = Transaction<Tables>;

const OUTCOME_COLUMNS = [
  'run_id',
  'position',
  'object_seq',
  'status',
  'code',
  'message',
  'data',
  'attempt',
  'at',
] as const;

/** Stores outcomes, when the trip is made. */
export function askForOutcomes(
  trip: RoundTrip,
  { traits }: Database,
  { task, outcomes, now }: { task: ClaimedTask; outcomes: readonly OutcomeRow[]; now: number },
): void {
  const rows = outcomes.map(({ position, objectSeq, status, code, message, data }) => [
    task.run.id,
    position,
    objectSeq,
    status,
    code ?? null,
    message ?? null,
    data === undefined ? null : JSON.stringify(data),
    task.attempt,
    now,
  ]);
  askInsert(trip, traits, { table: 'outcomes', columns: OUTCOME_COLUMNS, rows });
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
