import type { PositionRange } from '@drover/engine';
import { type Transaction, sql } from 'kysely';
import type { Tables } from '../database/tables.js';

type Trx = Transaction<Tables>;

/** A table of positions that are still to be taken, and the column that says whose. */
export interface RangeTable {
  table: 'pass_ranges' | 'run_ranges';
  owner: 'pass_id' | 'run_id';
}

export const PASS_RANGES: RangeTable = { table: 'pass_ranges', owner: 'pass_id' };
export const RUN_RANGES: RangeTable = { table: 'run_ranges', owner: 'run_id' };

/** Takes the head of an open range away, up to `takenTo`. */
export async function takeHead(
  trx: Trx,
  { table, owner }: RangeTable,
  id: string,
  range: { from_position: number; to_position: number; takenTo: number },
): Promise<void> {
  const at = sql`${sql.ref(owner)} = ${id} and from_position = ${range.from_position}`;
  if (range.takenTo === range.to_position)
    await sql`delete from ${sql.table(table)} where ${at}`.execute(trx);
  else await sql`update ${sql.table(table)} set from_position = ${range.takenTo} where ${at}`.execute(trx);
}

/**
 * Gives positions back to the pass, for its next run to take. Those of a retry stay what they were in the run that it
 * retries, those of a plan are the pass's all along: both are only counted.
 */
export async function defer(
  trx: Trx,
  run: { id: string; pass_id: string; retry_of: string | null; mode: string },
  ranges: readonly PositionRange[],
): Promise<void> {
  if (ranges.length === 0) return;
  if (run.retry_of !== null || run.mode === 'plan') {
    const objects = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
    await trx
      .updateTable('runs')
      .set({ deferred: sql<number>`deferred + ${objects}` })
      .where('id', '=', run.id)
      .execute();
    return;
  }
  for (const { from, to } of ranges) {
    await trx
      .insertInto('pass_ranges')
      .values({ pass_id: run.pass_id, from_position: from, to_position: to })
      .execute();
  }
}
