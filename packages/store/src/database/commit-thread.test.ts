import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { untilCommittedInThread } from '@drover/testing/databases/commit-in-thread';
import { CompiledQuery, sql } from 'kysely';
import type { Database } from './database.js';
import { openSqlite } from './sqlite.js';

const insert = (n: number | null) => CompiledQuery.raw('insert into notes values (?)', [n]);
const count = CompiledQuery.raw('select count(*) as n from notes');
/** 80 MB of text: more than the thread has memory for. */
const tooMuch = CompiledQuery.raw(
  'with recursive n (i) as (select 1 union all select i + 1 from n limit 4000) select hex(zeroblob(10000 + i)) as text from n',
);

describe('commits in a thread', () => {
  let folder: string;
  let file: string;
  let database: Database;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-thread-'));
    file = join(folder, 'drover.db');
    database = openSqlite(file);
    await sql`create table notes (n integer not null)`.execute(database.kysely);
    await untilCommittedInThread(database);
  });
  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true });
  });

  const commit = (...statements: CompiledQuery[]): Promise<unknown[][]> =>
    database.traits.commitDurably(database.kysely, statements);

  function notes(): unknown[] {
    const other = new DatabaseSync(file);
    const rows = other.prepare('select n from notes order by n').all();
    other.close();
    return rows.map((row) => row['n']);
  }

  test('answer with the rows of each statement, in their order', async () => {
    const answers = await Promise.all([commit(insert(1), count), commit(insert(2), insert(3), count)]);
    expect(answers).toEqual([
      [[], [{ n: 1 }]],
      [[], [], [{ n: 3 }]],
    ]);
    expect(notes()).toEqual([1, 2, 3]);
  });

  test('that fail leave nothing behind and say as SQLite does why', async () => {
    await expect(commit(insert(1), insert(null))).rejects.toMatchObject({
      message: expect.stringContaining('NOT NULL'),
      code: 'ERR_SQLITE_ERROR',
      errcode: 1299,
    });
    await commit(insert(2));
    expect(notes()).toEqual([2]);
  });

  test('wait for another connection’s write without holding up the event loop', async () => {
    const other = new DatabaseSync(file);
    other.exec('begin immediate; insert into notes values (1);');
    let isDone = false;
    const waiting = commit(insert(2)).then(() => {
      isDone = true;
    });
    await sleep(60);
    expect(isDone).toBe(false);
    other.exec('commit');
    other.close();
    await waiting;
    expect(notes()).toEqual([1, 2]);
  });

  test('are done when the database is closed while they wait', async () => {
    const waiting = [1, 2, 3].map((n) => commit(insert(n)));
    await database.close();
    await Promise.all(waiting);
    expect(notes()).toEqual([1, 2, 3]);
    await expect(commit(insert(4))).rejects.toThrow();
  });

  test('are refused when the thread ends on them; it is started anew for later ones', async () => {
    const lost = [commit(tooMuch), commit(insert(1))].map((one) => one.catch((fault: unknown) => fault));
    for (const fault of await Promise.all(lost)) {
      expect(fault).toMatchObject({ code: 'COMMIT_THREAD_ENDED', retryable: true });
    }
    await commit(insert(2));
    await untilCommittedInThread(database);
    await commit(insert(3));
    expect(notes()).toEqual([2, 3]);
  });
});
