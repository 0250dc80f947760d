import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import { rowsFrom } from '../database/database.js';
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
