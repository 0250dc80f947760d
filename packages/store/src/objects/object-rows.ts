import { type Transaction, sql } from 'kysely';
import { rowsFrom } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';

type Trx = Transaction<Tables>;

export interface LockedObject {
  seq: number;
  status: string | null;
  status_at: number | null;
}

/**
 * The objects that exist of the given ones, locked until the transaction ends. Always in the order of `seq`, so that two
 * transactions over the same objects wait for each other and never both.
 */
export async function lockObjects(
  trx: Trx,
  traits: DialectTraits,
  seqs: Iterable<number>,
): Promise<Map<number, LockedObject>> {
  const rows = [...new Set(seqs)].map((seq) => ({ seq }));
  if (rows.length === 0) return new Map();
  const query = trx
    .selectFrom('objects')
    .select(['seq', 'status', 'status_at'])
    .where('seq', 'in', sql<number>`(select seq from ${rowsFrom(traits, { seq: 'bigint' }, rows)} as wanted)`)
    .orderBy('seq');
  const locked = await (traits.rowLocks ? query.forUpdate() : query).execute();
  return new Map(locked.map((row) => [row.seq, row]));
}

/** Counts the revisions of objects up by one. */
export async function bumpRevisions(
  trx: Trx,
  traits: DialectTraits,
  { seqs, at }: { seqs: Iterable<number>; at: number },
): Promise<void> {
  const rows = Array.from(seqs, (seq) => ({ seq }));
  if (rows.length === 0) return;
  await sql`update objects set revision = revision + 1, updated_at = ${at}
    where seq in (select seq from ${rowsFrom(traits, { seq: 'bigint' }, rows)} as changed)`.execute(trx);
}

export async function setStatuses(
  trx: Trx,
  traits: DialectTraits,
  rows: readonly { seq: number; status: string; at: number }[],
): Promise<void> {
  if (rows.length === 0) return;
  const source = rowsFrom(traits, { seq: 'bigint', status: 'text', at: 'bigint' }, rows);
  await sql`update objects set status = said.status, status_at = said.at
    from ${source} as said where objects.seq = said.seq`.execute(trx);
}
