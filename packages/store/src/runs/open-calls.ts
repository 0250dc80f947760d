import { type Transaction, sql } from 'kysely';
import type { Tables } from '../database/tables.js';

/** Positions whose once-only call has left in this run, or may have, and that have no outcome yet. */
export async function openCallPositions(
  trx: Transaction<Tables>,
  run: { id: string; pass_id: string },
): Promise<number[]> {
  const calls = await trx
    .selectFrom('journal')
    .select('journal.object_seq')
    .where('journal.run_id', '=', run.id)
    .where('journal.kind', '=', sql.lit('call'))
    .where(({ not, eb, selectFrom }) =>
      not(
        eb(
          'journal.object_seq',
          'in',
          selectFrom('outcomes').select('object_seq').where('outcomes.run_id', '=', run.id),
        ),
      ),
    )
    .execute();
  if (calls.length === 0) return [];
  const items = await trx
    .selectFrom('pass_items')
    .select('position')
    .where('pass_id', '=', run.pass_id)
    .where(
      'object_seq',
      'in',
      calls.map((row) => row.object_seq!),
    )
    .execute();
  return items.map(({ position }) => position);
}
