import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CompiledQuery, sql } from 'kysely';
import { openSqlite } from './sqlite.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

const insert = (n: number | null) => CompiledQuery.raw('insert into notes values (?)', [n]);
const last = CompiledQuery.raw('select max(n) as n from notes');

test.each(['drover.db', ':memory:'])('durable commits of %s are there, one after the other', async (name) => {
  const file = name === ':memory:' ? name : join(folder, name);
  const { kysely, traits, close } = openSqlite(file);
  await sql`create table notes (n integer not null)`.execute(kysely);
  for (const n of [1, 2, 3]) {
    const rows = await traits.commitDurably(kysely, [insert(n), last]);
    expect(rows).toEqual([[], [{ n }]]);
  }
  const refused = traits.commitDurably(kysely, [insert(4), insert(null)]);
  await expect(refused).rejects.toThrow(/null/i);
  const { rows } = await sql<{ n: number }>`select n from notes order by n`.execute(kysely);
  expect(rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  const setting = await sql<{ synchronous: number }>`pragma synchronous`.execute(kysely);
  expect(setting.rows).toEqual([{ synchronous: 1 }]);
  await close();
});
