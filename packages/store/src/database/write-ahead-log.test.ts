import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { openSqlite } from './sqlite.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

test.each(['drover.db', ':memory:'])('durable commits of %s are there, one after the other', async (name) => {
  const file = name === ':memory:' ? name : join(folder, name);
  const { kysely, traits, close } = openSqlite(file);
  await sql`create table notes (n integer)`.execute(kysely);
  for (const n of [1, 2, 3]) {
    const seen = await traits.durably(kysely, async (trx) => {
      await sql`insert into notes values (${n})`.execute(trx);
      return n;
    });
    expect(seen).toBe(n);
  }
  const refused = traits.durably(kysely, async (trx) => {
    await sql`insert into notes values (4)`.execute(trx);
    throw new Error('refused');
  });
  await expect(refused).rejects.toThrow('refused');
  const { rows } = await sql<{ n: number }>`select n from notes order by n`.execute(kysely);
  expect(rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  const setting = await sql<{ synchronous: number }>`pragma synchronous`.execute(kysely);
  expect(setting.rows).toEqual([{ synchronous: 1 }]);
  await close();
});
