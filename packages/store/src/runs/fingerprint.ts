import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import { type Database, amongSeqs, jsonOfSeqs, rowsFrom } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';

/** Hash of what makes an object "changed" for a plugin: value, status and the attributes that the plugin reads. */
export async function fingerprintsOf(
  trx: Transaction<Tables>,
  traits: DialectTraits,
  objectSeqs: readonly number[],
  reads: readonly string[],
): Promise<Map<number, string>> {
  const wanted = rowsFrom(
    traits,
    { seq: 'bigint' },
    objectSeqs.map((seq) => ({ seq })),
  );
  const objects = await trx
    .selectFrom('objects')
    .innerJoin(wanted.as('wanted'), 'wanted.seq', 'objects.seq')
    .select(['objects.seq', 'objects.value', 'objects.status'])
    .execute();
  const attributes = new Map<number, string[]>();
  if (reads.length > 0) {
    const rows = await trx
      .selectFrom('attributes')
      .innerJoin(wanted.as('wanted'), 'wanted.seq', 'attributes.object_seq')
      .select(['object_seq', 'name', 'source', 'kind', 'text_value'])
      .where('name', 'in', reads)
      .orderBy('object_seq')
      .orderBy('name')
      .orderBy('source')
      .orderBy('text_value')
      .execute();
    for (const row of rows) {
      const list = attributes.get(row.object_seq) ?? [];
      list.push(JSON.stringify([row.name, row.source, row.kind, row.text_value]));
      attributes.set(row.object_seq, list);
    }
  }
  return new Map(
    objects.map((object) => {
      const content = JSON.stringify([object.value, object.status, attributes.get(object.seq) ?? []]);
      return [object.seq, createHash('sha256').update(content).digest('base64url').slice(0, 22)];
    }),
  );
}

/** What no object has as its fingerprint: it counts as changed. */
const NO_FINGERPRINT = '';

/**
 * The fingerprints of objects that somebody else has changed since they were sent, in a transaction that has itself changed some: what
 * they held then is not known any more, and what they hold now was not sent.
 */
export async function movedSince(
  trx: Transaction<Tables>,
  { traits }: Database,
  {
    sent = new Map(),
    changedSeqs,
  }: { sent: ReadonlyMap<number, number> | undefined; changedSeqs: ReadonlySet<number> },
): Promise<Map<number, string>> {
  if (sent.size === 0) return new Map();
  const rows = await trx
    .selectFrom('objects')
    .select(['seq', 'revision'])
    .where(amongSeqs(traits, 'seq', jsonOfSeqs([...sent.keys()])))
    .execute();
  const moved = rows.filter(
    ({ seq, revision }) => revision - (changedSeqs.has(seq) ? 1 : 0) !== sent.get(seq),
  );
  return new Map(moved.map(({ seq }) => [seq, NO_FINGERPRINT]));
}
