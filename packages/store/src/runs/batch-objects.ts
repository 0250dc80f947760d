import type { BatchObjects, ClaimedTask, PlacedObject, PositionRange } from '@drover/engine';
import type { AttributeValue, PluginObject } from '@drover/model';
import type { Database } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { preparedQuery } from '../database/prepared-query.js';
import { type Answer, RoundTrip } from '../database/round-trip.js';
import {
  type AliasRow,
  type AttributeRow,
  type HeldRow,
  type ItemRow,
  type ObjectQueries,
  type Parameters,
  ofRange,
  ofTask,
} from './object-queries.js';

type Attributes = PluginObject['attributes'][number];

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
  const parts = ranges.map((range) => askForPart(trip, traits, ofRange, { passId, ...range }));
  const offers = offersOfPass.ask(trip, { passId });
  return () => placedOf(parts, offers);
}

interface Part {
  items: Answer<ItemRow>;
  attributes: Answer<AttributeRow>;
  aliases: Answer<AliasRow>;
}

function askForPart<Where extends Parameters>(
  trip: RoundTrip,
  traits: DialectTraits,
  { items, attributes, aliases }: ObjectQueries<Where>,
  where: Where,
): Part {
  return {
    items: items.ask(trip, where),
    attributes: attributes.ask(trip, where, traits),
    aliases: aliases.ask(trip, where, traits),
  };
}

function placedOf(parts: readonly Part[], offers: Answer<OfferRow>): PlacedObject[] {
  const attributes = attributesOf(parts.flatMap((part) => part.attributes.rows));
  putOffered(offers.rows, attributes);
  const aliases = aliasesOf(parts.flatMap((part) => part.aliases.rows));
  return parts.flatMap(({ items }) => items.rows).map((row) => toPlaced(row, { aliases, attributes }));
}

/** What was read along with the claim of a batch. */
const readAlong = new WeakMap<ClaimedTask, BatchObjects>();

/** The objects of a batch, and those of them that are in quarantine for its bundle with the revision that they have now. */
export async function batchOf({ kysely, traits }: Database, task: ClaimedTask): Promise<BatchObjects> {
  const known = readAlong.get(task);
  // Once: whoever asks again wants to know how they are by then.
  if (readAlong.delete(task) && known !== undefined) return known;
  const { passId, pluginId, bundleDigest: digest } = task.run;
  const trip = new RoundTrip(kysely);
  const asked = askForObjects(trip, traits, { passId, ranges: task.ranges });
  const held = task.ranges.map((range) =>
    ofRange.held.ask(trip, { passId, pluginId, digest, ...range }, traits),
  );
  await trip.make();
  return batchWith(
    asked(),
    held.flatMap(({ rows }) => rows),
  );
}

/** Reads the batch of a task that the same trip makes: call what comes back with the task when it is made. */
export function askForNextBatch(
  trip: RoundTrip,
  traits: DialectTraits,
  {
    run,
    taskId,
    objects,
  }: {
    run: Pick<ClaimedTask['run'], 'passId' | 'pluginId' | 'bundleDigest'>;
    taskId: string;
    objects: number;
  },
): (task: ClaimedTask) => void {
  const { passId, pluginId, bundleDigest: digest } = run;
  const where = { passId, taskId, objects };
  const part = askForPart(trip, traits, ofTask, where);
  const offers = offersOfPass.ask(trip, { passId });
  const held = ofTask.held.ask(trip, { ...where, pluginId, digest }, traits);
  return (task) => void readAlong.set(task, batchWith(placedOf([part], offers), held.rows));
}

function batchWith(placed: PlacedObject[], held: readonly HeldRow[]): BatchObjects {
  const revisions = new Map(placed.map(({ objectSeq, object }) => [objectSeq, object?.revision]));
  const kept = held.filter((row) => revisions.get(row.object_seq) === row.revision);
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
