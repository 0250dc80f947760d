import { expect, it } from '@jest/globals';
import { describePostgres } from '@drover/testing';
import { type CompiledQuery, sql } from 'kysely';
import { type Database, amongSeqs, jsonOfSeqs } from '../database/database.js';
import { RoundTrip } from '../database/round-trip.js';
import { askInForce } from './attribute-store.js';

const OBJECTS = 20_000;
const SEQS = Array.from({ length: 500 }, (_, index) => index + 1);

/** Puts rows of these objects into both tables. */
async function fill({ kysely }: Database): Promise<void> {
  const objects = sql`generate_series(1, ${sql.lit(OBJECTS)}) as object_seq`;
  await sql`insert into attributes (object_seq, name, source, kind, text_value, value_key, at)
    select object_seq, 'Tag', 'Feed', 'text', 'one', 'one', 0 from ${objects}`.execute(kysely);
  await sql`insert into object_sources (object_seq, source, first_seen_at, last_seen_at)
    select object_seq, 'Feed', 0, 0 from ${objects}`.execute(kysely);
}

/** What a write-back asks for first. */
function inForce({ kysely, traits }: Database): CompiledQuery {
  const asked: CompiledQuery[] = [];
  const trip = new RoundTrip(kysely);
  trip.ask = (statement) => {
    asked.push(statement);
    return { rows: [] };
  };
  const groups = SEQS.map((objectSeq) => ({ objectSeq, name: 'Tag' }));
  askInForce(trip, traits, groups);
  return asked[0]!;
}

const ofObjects =
  (table: 'attributes' | 'object_sources') =>
  ({ kysely, traits }: Database): CompiledQuery =>
    kysely
      .selectFrom(table)
      .selectAll()
      .where(amongSeqs(traits, 'object_seq', jsonOfSeqs(SEQS)))
      .compile();

async function planOf({ kysely }: Database, query: CompiledQuery): Promise<string> {
  const explain = { ...query, sql: `explain ${query.sql}` } as CompiledQuery<{ 'QUERY PLAN': string }>;
  const { rows } = await kysely.executeQuery(explain);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

describePostgres('what belongs to objects', 'on a PostgreSQL that takes its tables for empty', (open) => {
  it.each([
    ['attributes in force', inForce, 'attributes_pk'],
    ['attributes', ofObjects('attributes'), 'attributes_pk'],
    ['sources', ofObjects('object_sources'), 'object_sources_pk'],
  ])('is looked up by the object: %s', async (_, query, index) => {
    const database = await open();
    await fill(database);
    await sql`delete from attributes`.execute(database.kysely);
    await sql`delete from object_sources`.execute(database.kysely);
    await sql`analyze attributes, object_sources`.execute(database.kysely);
    await fill(database);
    expect(await planOf(database, query(database))).toContain(`Scan using ${index} `);
  });
});
