import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CollectionQuery } from '@drover/model';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.js';
import { migrate } from '../database/migrate.js';
import { openSqlite } from '../database/sqlite.js';
import { selectMembers } from './member-set.js';
import { driversOf } from './query-driver.js';

/** Each predicate that an index answers, and the index. */
const INDEXED: [CollectionQuery, string][] = [
  [{ type: 'indicator' }, 'COVERING INDEX objects_type (type=?)'],
  [
    { and: [{ type: 'indicator' }, { subtype: 'FQDN' }] },
    'COVERING INDEX objects_type (type=? AND subtype=?)',
  ],
  [{ status: 'active' }, 'COVERING INDEX objects_status (status=?)'],
  [{ value: 'a.example.com' }, 'COVERING INDEX objects_key (value_key=?)'],
  [{ value: 'a.example*' }, 'COVERING INDEX objects_key (value_key>? AND value_key<?)'],
  [{ value: 'a*b*c' }, 'INDEX objects_key (value_key>? AND value_key<?)'],
  [{ source: 'Feed' }, 'COVERING INDEX object_sources_source (source=?)'],
  [{ createdSince: '7d' }, 'COVERING INDEX objects_created (created_at>?)'],
  [{ updatedSince: '7d' }, 'COVERING INDEX objects_updated (updated_at>?)'],
  [
    { attribute: { name: 'n', op: '=', value: 'x' } },
    'COVERING INDEX attributes_value (name=? AND kind=? AND value_key=?)',
  ],
  [
    { attribute: { name: 'n', op: '=', value: 1 } },
    'COVERING INDEX attributes_value (name=? AND kind=? AND value_key=?)',
  ],
  [{ attribute: { name: 'n', op: '!=', value: 1 } }, 'COVERING INDEX attributes_value (name=? AND kind=?)'],
  [{ attribute: { name: 'n', op: 'exists' } }, 'COVERING INDEX attributes_value (name=?)'],
  [
    { attribute: { name: 'n', op: '>', value: 1 } },
    'COVERING INDEX attributes_number (name=? AND number_value>?)',
  ],
  [
    { attribute: { name: 'n', op: '<=', value: 1 } },
    'COVERING INDEX attributes_number (name=? AND number_value<?)',
  ],
];

/** Each that reads the library once. */
const WALKED: CollectionQuery[] = [
  { subtype: 'FQDN' },
  { value: '*.example.com' },
  { not: { type: 'indicator' } },
  { or: [{ type: 'indicator' }, { value: '*x' }] },
];

describe('on SQLite', () => {
  let database: Database;
  beforeAll(async () => {
    database = openSqlite(':memory:');
    await migrate(database);
  });
  afterAll(() => database.close());

  async function plan(query: RawBuilder<unknown>): Promise<string[]> {
    const { rows } = await sql<{ detail: string }>`explain query plan ${query}`.execute(database.kysely);
    return rows.map(({ detail }) => detail);
  }

  function drivers(query: CollectionQuery) {
    return driversOf(query, { traits: database.traits, now: 0 });
  }

  test.each(INDEXED)('%j is answered by %s', async (query, index) => {
    const [driver] = drivers(query);
    expect(await plan(driver!)).toEqual([
      expect.stringMatching(new RegExp(`^SEARCH \\S+ USING ${escapeRegExp(index)}`)),
    ]);
  });

  test('an "or" of such predicates is answered by their indexes', async () => {
    const [driver] = drivers({ or: [{ type: 'asset' }, { and: [{ source: 'Feed' }, { value: '*x' }] }] });
    const details = await plan(driver!);
    expect(details.filter((detail) => detail.startsWith('SEARCH'))).toHaveLength(2);
    expect(details.filter((detail) => detail.startsWith('SCAN'))).toEqual([]);
  });

  test.each(WALKED)('%j is answered by no index', (query) => {
    expect(drivers(query)).toEqual([]);
  });

  test.each<[string, CollectionQuery]>([
    ['few', { type: 'asset' }],
    ['no index', { value: '*x' }],
  ])('a page is read by the primary key alone: %s', async (_, query) => {
    const { from, where, seq } = await selectMembers(database, { query }, 0);
    const details = await plan(
      sql`select o.seq from ${from} where ${where} and ${seq} > 5 order by ${seq} limit 10`,
    );
    expect(details[0]).toMatch(/^SEARCH o USING INTEGER PRIMARY KEY/);
    expect(details.join()).not.toMatch(/TEMP B-TREE/);
  });

  test('a page of a fixed list is read from its key', async () => {
    const { from, where, seq } = await selectMembers(
      database,
      { listId: 'col_x', query: { value: '*x' } },
      0,
    );
    expect(
      await plan(sql`select o.seq from ${from} where ${where} and ${seq} > 5 order by ${seq} limit 10`),
    ).toEqual([
      'SEARCH m USING PRIMARY KEY (collection_id=? AND object_seq>?)',
      'SEARCH o USING INTEGER PRIMARY KEY (rowid=?)',
    ]);
  });
});

function escapeRegExp(text: string): string {
  return text.replaceAll(/[()?*<>=]/g, String.raw`\$&`);
}
