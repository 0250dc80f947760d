import { type Transaction, sql } from 'kysely';
import { amongSeqs, jsonOfSeqs, rowsFrom } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { preparedQuery } from '../database/prepared-query.js';
import { type Answer, RoundTrip } from '../database/round-trip.js';
import type { Tables } from '../database/tables.js';

/** What `serialize` takes for those who make objects, or move them on or off collections, one after the other. */
export const OBJECTS_LOCK = 'objects';

type Trx = Transaction<Tables>;

export interface LockedObject {
  seq: number;
  status: string | null;
  status_at: number | null;
}

const objectsOfSeqs = preparedQuery<{ seqs: string }, LockedObject, DialectTraits>((db, { seqs }, traits) => {
  const query = db
    .selectFrom('objects')
    .select(['seq', 'status', 'status_at'])
    .where(amongSeqs(traits, 'seq', seqs))
    .orderBy('seq');
  return traits.rowLocks ? query.forUpdate() : query;
});

/**
 * The objects that exist of the given ones, locked until the transaction ends. Always in the order of `seq`, so that two
 * transactions over the same objects wait for each other and never both.
 */
export async function lockObjects(
  trx: Trx,
  traits: DialectTraits,
  seqs: Iterable<number>,
): Promise<Map<number, LockedObject>> {
  const trip = new RoundTrip(trx);
  const locked = askToLock(trip, traits, seqs);
  await trip.make();
  return lockedBySeq(locked);
}

/** As `lockObjects`, with others when the trip is made. */
export function askToLock(
  trip: RoundTrip,
  traits: DialectTraits,
  seqs: Iterable<number>,
): Answer<LockedObject> {
  const distinct = new Set(seqs);
  if (distinct.size === 0) return { rows: [] };
  return objectsOfSeqs.ask(trip, { seqs: jsonOfSeqs([...distinct]) }, traits);
}

export function lockedBySeq({ rows }: Answer<LockedObject>): Map<number, LockedObject> {
  return new Map(rows.map((row) => [row.seq, row]));
}

const countRevisions = preparedQuery<{ seqs: string; at: number }, never, DialectTraits>(
  (db, { seqs, at }, traits) => ({
    compile: () =>
      sql<never>`update objects set revision = revision + 1, updated_at = ${at}
    where ${amongSeqs(traits, 'seq', seqs)}`.compile(db),
  }),
);

/** Counts the revisions of objects up by one. */
export async function bumpRevisions(
  trx: Trx,
  traits: DialectTraits,
  change: { seqs: Iterable<number>; at: number },
): Promise<void> {
  const trip = new RoundTrip(trx);
  askForRevisions(trip, traits, change);
  await trip.make();
}

/** As `bumpRevisions`, with others when the trip is made. */
export function askForRevisions(
  trip: RoundTrip,
  traits: DialectTraits,
  { seqs, at }: { seqs: Iterable<number>; at: number },
): void {
  const distinct = new Set(seqs);
  if (distinct.size > 0) countRevisions.ask(trip, { seqs: jsonOfSeqs([...distinct]), at }, traits);
}

type SaidStatus = { seq: number; status: string; at: number };

export async function setStatuses(
  trx: Trx,
  traits: DialectTraits,
  rows: readonly SaidStatus[],
): Promise<void> {
  const trip = new RoundTrip(trx);
  askForStatuses(trip, traits, rows);
  await trip.make();
}

/** As `setStatuses`, with others when the trip is made. */
export function askForStatuses(trip: RoundTrip, traits: DialectTraits, rows: readonly SaidStatus[]): void {
  if (rows.length === 0) return;
  const source = rowsFrom(traits, { seq: 'bigint', status: 'text', at: 'bigint' }, rows);
  const statement = sql`update objects set status = said.status, status_at = said.at
    from ${source} as said where objects.seq = said.seq`;
  trip.ask(statement.compile(trip.db));
}
