import type { Attribute, DroverObject, FeedSight, ObjectId, RunId } from '@drover/model';
import type { Kysely } from 'kysely';
import { amongSeqs, jsonOfSeqs } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import { fromStoredValue } from './attribute-rules.js';

type Db = Kysely<Tables>;

/** The objects that exist of the given ones, in the order of `seq`, whole. Attributes by name, source and value. */
export async function loadObjects(
  db: Db,
  traits: DialectTraits,
  seqs: readonly number[],
): Promise<DroverObject[]> {
  if (seqs.length === 0) return [];
  const wanted = seqsIn(traits, seqs);
  const rows = await db.selectFrom('objects').selectAll().where(wanted('seq')).orderBy('seq').execute();
  const aliases = await aliasesOf(db, wanted);
  const sources = await sourcesOf(db, wanted);
  const attributes = await attributesOf(db, wanted);
  const feeds = await feedsOf(db, wanted);
  return rows.map((row) => ({
    id: row.id as ObjectId,
    type: row.type,
    ...(row.subtype === '' ? {} : { subtype: row.subtype }),
    value: row.value,
    aliases: aliases.get(row.seq) ?? [],
    attributes: attributes.get(row.seq) ?? [],
    sources: sources.get(row.seq) ?? [],
    ...(feeds.has(row.seq) ? { feeds: feeds.get(row.seq)! } : {}),
    ...(row.status === null ? {} : { status: row.status }),
    revision: row.revision,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  }));
}

function seqsIn(traits: DialectTraits, seqs: readonly number[]) {
  const json = jsonOfSeqs(seqs);
  return (column: string) => amongSeqs(traits, column, json);
}

async function aliasesOf(db: Db, wanted: ReturnType<typeof seqsIn>): Promise<Map<number, string[]>> {
  const rows = await db
    .selectFrom('object_aliases')
    .select(['object_seq', 'alias'])
    .where(wanted('object_seq'))
    .orderBy('object_seq')
    .orderBy('alias')
    .execute();
  return bySeq(rows, ({ alias }) => alias);
}

async function sourcesOf(db: Db, wanted: ReturnType<typeof seqsIn>): Promise<Map<number, string[]>> {
  const rows = await db
    .selectFrom('object_sources')
    .select(['object_seq', 'source'])
    .where(wanted('object_seq'))
    .orderBy('object_seq')
    .orderBy('source')
    .execute();
  return bySeq(rows, ({ source }) => source);
}

async function feedsOf(db: Db, wanted: ReturnType<typeof seqsIn>): Promise<Map<number, FeedSight[]>> {
  const rows = await db
    .selectFrom('feed_objects as b')
    .innerJoin('feeds as f', 'f.id', 'b.feed_id')
    .select(['b.object_seq', 'f.name', 'b.seen_at', 'b.absent_at'])
    .where(wanted('b.object_seq'))
    .orderBy('b.object_seq')
    .orderBy('f.name')
    .execute();
  return bySeq(rows, ({ name, seen_at, absent_at }) => ({
    feed: name,
    seenAt: new Date(seen_at).toISOString(),
    ...(absent_at === null ? {} : { absentSince: new Date(absent_at).toISOString() }),
  }));
}

async function attributesOf(db: Db, wanted: ReturnType<typeof seqsIn>): Promise<Map<number, Attribute[]>> {
  const rows = await db
    .selectFrom('attributes')
    .select(['object_seq', 'name', 'source', 'kind', 'text_value', 'at', 'run_id'])
    .where(wanted('object_seq'))
    .orderBy('object_seq')
    .orderBy('name')
    .orderBy('source')
    .orderBy('kind')
    .orderBy('value_key')
    .execute();
  return bySeq(rows, (row) => ({
    name: row.name,
    value: fromStoredValue(row),
    source: row.source,
    at: new Date(row.at).toISOString(),
    ...(row.run_id === null ? {} : { runId: row.run_id as RunId }),
  }));
}

function bySeq<Row extends { object_seq: number }, Item>(
  rows: readonly Row[],
  toItem: (row: Row) => Item,
): Map<number, Item[]> {
  const items = new Map<number, Item[]>();
  for (const row of rows) {
    const list = items.get(row.object_seq);
    if (list === undefined) items.set(row.object_seq, [toItem(row)]);
    else list.push(toItem(row));
  }
  return items;
}
