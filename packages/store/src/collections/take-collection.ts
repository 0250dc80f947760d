import { Fault } from '@drover/model';
import type { Selectable, Transaction } from 'kysely';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';

/**
 * A collection that is there until the transaction ends: for one of several users, or for its owner alone. Fault: `NOT_FOUND`.
 */
export async function takeCollection(
  trx: Transaction<Tables>,
  traits: DialectTraits,
  { id, as }: { id: string; as: 'user' | 'owner' },
): Promise<Selectable<Tables['collections']>> {
  const query = trx.selectFrom('collections').selectAll().where('id', '=', id);
  const locked = as === 'user' ? query.forShare() : query.forUpdate();
  const row = await (traits.rowLocks ? locked : query).executeTakeFirst();
  if (row !== undefined) return row;
  throw new Fault('NOT_FOUND', `There is no collection ${id}; "collection list" shows those that exist.`);
}
