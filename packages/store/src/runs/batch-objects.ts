import type { PlacedObject, PositionRange } from '@drover/engine';
import type { AttributeValue, PluginObject } from '@drover/model';
import { type Kysely, sql } from 'kysely';
import { type Database, amongSeqs, jsonOfSeqs } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { preparedQuery } from '../database/prepared-query.js';
import type { Tables } from '../database/tables.js';

type Attributes = PluginObject['attributes'][number];

interface ItemRow {
  position: number;
  object_seq: number;
  id: string | null;
  type: string | null;
  subtype: string | null;
  value: string | null;
  status: string | null;
  revision: number | null;
}

const itemsOfRange = preparedQuery<{ passId: string; from: number; to: number }, ItemRow>(
  (db, { passId, from, to }) =>
    db
      .selectFrom('pass_items')
      .leftJoin('objects', 'objects.seq', 'pass_items.object_seq')
      .select([
        'pass_items.position',
        'pass_items.object_seq',
        'objects.id',
        'objects.type',
        'objects.subtype',
        'objects.value',
        'objects.status',
        'objects.revision',
      ])
      .where('pass_items.pass_id', '=', passId)
      .where('pass_items.position', '>=', from)
      .where('pass_items.position', '<', to)
      .orderBy('pass_items.position'),
);

const attributesOfSeqs = preparedQuery<
  { seqs: string },
  {
    object_seq: number;
    name: string;
    source: string;
    kind: string;
    text_value: string;
    number_value: number | null;
  },
  DialectTraits
>((db, { seqs }, traits) =>
  db
    .selectFrom('attributes')
    .where(amongSeqs(traits, 'object_seq', seqs))
    .select(['object_seq', 'name', 'source', 'kind', 'text_value', 'number_value'])
    .orderBy(sql`object_seq, name, at, source, text_value`),
);

const aliasesOfSeqs = preparedQuery<{ seqs: string }, { object_seq: number; alias: string }, DialectTraits>(
  (db, { seqs }, traits) =>
    db
      .selectFrom('object_aliases')
      .where(amongSeqs(traits, 'object_seq', seqs))
      .select(['object_seq', 'alias'])
      .orderBy(sql`object_seq, alias`),
);

const offersOfPass = preparedQuery<{ passId: string }, { object_seq: number; offered: string }>(
  (db, { passId }) =>
    db.selectFrom('mirror_offers').select(['object_seq', 'offered']).where('pass_id', '=', passId),
);

/** The source of the values that a mirror sends, as its action sees them. */
const MIRROR_SOURCE = 'mirror';

/** Whatever an object says by now: what was offered is what is sent, under the vendor's names for it. */
async function withOffered(
  db: Kysely<Tables>,
  { passId, attributes }: { passId: string; attributes: Map<number, Attributes[]> },
): Promise<void> {
  for (const { object_seq: seq, offered } of await offersOfPass(db, { passId })) {
    const values = JSON.parse(offered) as Record<string, AttributeValue>;
    const others = (attributes.get(seq) ?? []).filter(({ name }) => !Object.hasOwn(values, name));
    const sent = Object.entries(values).map(([name, value]) => ({ name, value, source: MIRROR_SOURCE }));
    attributes.set(seq, [...others, ...sent].toSorted(byName));
  }
}

function byName(left: Attributes, right: Attributes): number {
  if (left.name === right.name) return 0;
  return left.name < right.name ? -1 : 1;
}

/** The objects at some positions of a pass, as they are now, in order. */
export async function objectsOf(
  { kysely, traits }: Database,
  passId: string,
  ranges: readonly PositionRange[],
): Promise<PlacedObject[]> {
  const rows: ItemRow[] = [];
  for (const range of ranges) rows.push(...(await itemsOfRange(kysely, { passId, ...range })));
  const seqs = jsonOfSeqs(rows.map((row) => row.object_seq));
  const attributes = await attributesOf(kysely, traits, seqs);
  await withOffered(kysely, { passId, attributes });
  const aliases = await aliasesOf(kysely, traits, seqs);
  return rows.map((row) => {
    const { position, object_seq: objectSeq } = row;
    if (row.id === null) return { position, objectSeq };
    const object = toObject(row, {
      aliases: aliases.get(objectSeq) ?? [],
      attributes: attributes.get(objectSeq) ?? [],
    });
    return { position, objectSeq, object };
  });
}

/** Key by key: spread conditions cost as much as the query. */
function toObject(row: ItemRow, more: Pick<PluginObject, 'aliases' | 'attributes'>): PluginObject {
  const object: { -readonly [K in keyof PluginObject]?: PluginObject[K] } = { id: row.id!, type: row.type! };
  if (row.subtype !== '') object.subtype = row.subtype!;
  object.value = row.value!;
  if (row.status !== null) object.status = row.status;
  object.revision = row.revision!;
  object.aliases = more.aliases;
  object.attributes = more.attributes;
  return object as PluginObject;
}

async function attributesOf(
  db: Kysely<Tables>,
  traits: DialectTraits,
  seqs: string,
): Promise<Map<number, Attributes[]>> {
  const rows = await attributesOfSeqs(db, { seqs }, traits);
  const bySeq = new Map<number, Attributes[]>();
  for (const row of rows) {
    const attribute = { name: row.name, source: row.source, value: valueOf(row) };
    const list = bySeq.get(row.object_seq);
    if (list === undefined) bySeq.set(row.object_seq, [attribute]);
    else list.push(attribute);
  }
  return bySeq;
}

function valueOf(row: { kind: string; text_value: string; number_value: number | null }): AttributeValue {
  if (row.kind === 'number') return row.number_value ?? Number(row.text_value);
  if (row.kind === 'boolean') return row.number_value === 1;
  return row.text_value;
}

async function aliasesOf(
  db: Kysely<Tables>,
  traits: DialectTraits,
  seqs: string,
): Promise<Map<number, string[]>> {
  const rows = await aliasesOfSeqs(db, { seqs }, traits);
  const bySeq = new Map<number, string[]>();
  for (const row of rows) bySeq.set(row.object_seq, [...(bySeq.get(row.object_seq) ?? []), row.alias]);
  return bySeq;
}
