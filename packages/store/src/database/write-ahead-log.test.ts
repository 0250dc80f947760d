import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CompiledQuery, sql } from 'kysely';
import { openSqlite } from './sqlite.js';

/** Longer than the thread takes. */
const THREAD_START_MS = 500;

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

test('durable commits are in the order in which they were asked for, also where a thread takes over', async () => {
  const { kysely, traits, close } = openSqlite(join(folder, 'drover.db'));
  await sql`create table notes (n integer not null)`.execute(kysely);
  const commit = (n: number) => traits.commitDurably(kysely, [insert(n)]);
  const numbers = Array.from({ length: 11 }, (_, n) => n);
  const [before, held, next] = [numbers.slice(0, 9), numbers[9]!, numbers[10]!];
  for (const n of before) await commit(n);
  // Now the thread starts. What was asked for before it is there waits for the connection.
  let late: Promise<unknown>[] = [];
  await kysely.connection().execute(async () => {
    late = [commit(held)];
    await sleep(THREAD_START_MS);
    late.push(commit(next));
    await sleep(THREAD_START_MS);
  });
  await Promise.all(late);
  const { rows } = await sql<{ n: number }>`select n from notes order by rowid`.execute(kysely);
  expect(rows.map(({ n }) => n)).toEqual(numbers);
  await close();
});
