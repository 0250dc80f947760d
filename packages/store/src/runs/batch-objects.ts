import type { BatchObjects, ClaimedTask, PlacedObject, PositionRange } from '@drover/engine';
import type { AttributeValue, PluginObject } from '@drover/model';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { preparedQuery } from '../database/prepared-query.js';
import { RoundTrip } from '../database/round-trip.js';

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

/** Positions of a pass. */
type Place = { passId: string; from: number; to: number };

const itemsOfRange = preparedQuery<Place, ItemRow>((db, { passId, from, to }) =>
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

/** Whether a column is an object at these positions of a pass. */
function amongItems(traits: DialectTraits, { passId, from, to }: Place): RawBuilder<boolean> {
  const items = sql`select object_seq from pass_items
    where pass_id = ${passId} and position >= ${from} and position < ${to}`;
  return traits.isAmong(sql.ref('object_seq'), items);
}

interface AttributeRow {
  object_seq: number;
  name: string;
  source: string;
  kind: string;
  text_value: string;
  number_value: number | null;
}

const attributesOfRange = preparedQuery<Place, AttributeRow, DialectTraits>((db, place, traits) =>
  db
    .selectFrom('attributes')
    .where(amongItems(traits, place))
    .select(['object_seq', 'name', 'source', 'kind', 'text_value', 'number_value'])
    .orderBy(sql`object_seq, name, at, source, text_value`),
);

interface AliasRow {
  object_seq: number;
  alias: string;
}

const aliasesOfRange = preparedQuery<Place, AliasRow, DialectTraits>((db, place, traits) =>
  db
    .selectFrom('object_aliases')
    .where(amongItems(traits, place))
    .select(['object_seq', 'alias'])
    .orderBy(sql`object_seq, alias`),
);

interface OfferRow {
  object_seq: number;
  offered: string;
}

const offersOfPass = preparedQuery<{ passId: string }, OfferRow>((db, { passId }) =>
  db.selectFrom('mirror_offers').select(['object_seq', 'offered']).where('pass_id', '=', passId),
);

/** The source of the values that a mirror sends, as its action sees them. */
const MIRROR_SOURCE = 'mirror';

/** Whatever an object says by now: what was offered is what is sent, under the vendor's names for it. */
function putOffered(offers: readonly OfferRow[], attributes: Map<number, Attributes[]>): void {
  for (const { object_seq: seq, offered } of offers) {
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
  const trip = new RoundTrip(kysely);
  const placed = askForObjects(trip, traits, { passId, ranges });
  await trip.make();
  return placed();
}

/** As `objectsOf`, with others: call what comes back when the trip is made. */
export function askForObjects(
  trip: RoundTrip,
  traits: DialectTraits,
  { passId, ranges }: { passId: string; ranges: readonly PositionRange[] },
): () => PlacedObject[] {
  const parts = ranges.map((range) => {
    const place = { passId, ...range };
    return {
      items: itemsOfRange.ask(trip, place),
      attributes: attributesOfRange.ask(trip, place, traits),
      aliases: aliasesOfRange.ask(trip, place, traits),
    };
  });
  const offers = offersOfPass.ask(trip, { passId });
  return () => {
    const attributes = attributesOf(parts.flatMap((part) => part.attributes.rows));
    putOffered(offers.rows, attributes);
    const aliases = aliasesOf(parts.flatMap((part) => part.aliases.rows));
    return parts.flatMap(({ items }) => items.rows).map((row) => toPlaced(row, { aliases, attributes }));
  };
}

/** The store's word on quarantine, by positions. */
const heldInRange = preparedQuery<
  Place & { pluginId: string; digest: string },
  { object_seq: number; revision: number },
  DialectTraits
>((db, { pluginId, digest, ...place }, traits) =>
  db
    .selectFrom('quarantine')
    .select(['object_seq', 'revision'])
    .where('plugin_id', '=', pluginId)
    .where('bundle_digest', '=', digest)
    .where(amongItems(traits, place)),
);

/** The objects of a batch, and those of them that are in quarantine for its bundle with the revision that they have now. */
export async function batchOf({ kysely, traits }: Database, task: ClaimedTask): Promise<BatchObjects> {
  const { passId, pluginId, bundleDigest: digest } = task.run;
  const trip = new RoundTrip(kysely);
  const asked = askForObjects(trip, traits, { passId, ranges: task.ranges });
  const held = task.ranges.map((range) =>
    heldInRange.ask(trip, { passId, pluginId, digest, ...range }, traits),
  );
  await trip.make();
  const placed = asked();
  const revisions = new Map(placed.map(({ objectSeq, object }) => [objectSeq, object?.revision]));
  const kept = held
    .flatMap(({ rows }) => rows)
    .filter((row) => revisions.get(row.object_seq) === row.revision);
  return { placed, quarantined: new Set(kept.map((row) => row.object_seq)) };
}

function toPlaced(
  row: ItemRow,
  { aliases, attributes }: { aliases: Map<number, string[]>; attributes: Map<number, Attributes[]> },
): PlacedObject {
  const { position, object_seq: objectSeq } = row;
  if (row.id === null) return { position, objectSeq };
  const object = toObject(row, {
    aliases: aliases.get(objectSeq) ?? [],
    attributes: attributes.get(objectSeq) ?? [],
  });
  return { position, objectSeq, object };
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

function attributesOf(rows: readonly AttributeRow[]): Map<number, Attributes[]> {
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

function aliasesOf(rows: readonly AliasRow[]): Map<number, string[]> {
  const bySeq = new Map<number, string[]>();
  for (const row of rows) bySeq.set(row.object_seq, [...(bySeq.get(row.object_seq) ?? []), row.alias]);
  return bySeq;
}
