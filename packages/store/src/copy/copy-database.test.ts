import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { missingPostgres, skipLoudly } from '@drover/testing/databases/describe-databases';
import { START_TIMEOUT_MS, makeEmptyPostgres } from '@drover/testing/databases/postgres-databases';
import { type Program, makeProgram } from '@drover/testing/databases/run-in-process';
import { sql } from 'kysely';
import type { Database } from '../database/database.js';
import { type InsertCell, insertRows } from '../database/insert-rows.js';
import { migrate } from '../database/migrate.js';
import { openPostgres } from '../database/postgres.js';
import { openSqlite } from '../database/sqlite.js';
import type { Tables } from '../database/tables.js';
import { COPIED_TABLES } from './copied-tables.js';
import { copyDatabase } from './copy-database.js';

/** More than a page of any table has. */
const ROWS = 520;
const COUNTED = Object.entries(COPIED_TABLES).flatMap(([name, { isCounted }]) => (isCounted ? [name] : []));

let folder: string;
let opened: Database[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-test-copy-'));
  opened = [];
});
afterEach(async () => {
  for (const database of opened) await database.close();
  rmSync(folder, { recursive: true });
});

async function openFile(name: string): Promise<Database> {
  const database = openSqlite(join(folder, name));
  opened.push(database);
  await migrate(database);
  return database;
}

const options = { isDead: () => false, now: new Date() };

async function rowsIn(database: Database): Promise<number> {
  let rows = 0;
  for (const table of Object.keys(COPIED_TABLES)) {
    const counted = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(
      database.kysely,
    );
    rows += counted.rows[0]!.n;
  }
  return rows;
}

describe('the copied tables', () => {
  it('are all there are, by their primary keys', async () => {
    const database = await openFile('a.db');
    expect(Object.keys(COPIED_TABLES).sort()).toEqual([...(await columnsOf(database)).keys()].sort());
    for (const [table, { key, isCounted = false }] of Object.entries(COPIED_TABLES)) {
      const columns = await sql<{ name: string }>`select name from pragma_table_info(${table})
        where pk > 0 order by pk`.execute(database.kysely);
      expect([table, columns.rows.map(({ name }) => name)]).toEqual([table, key]);
      const text = await sql<{ sql: string }>`select sql from sqlite_master where name = ${table}`.execute(
        database.kysely,
      );
      expect([table, /autoincrement/.test(text.rows[0]!.sql)]).toEqual([table, isCounted]);
    }
  });
});

describe('a copy from file to file', () => {
  it('has every row of every table, and tells what it read back', async () => {
    const [source, target] = [await openFile('a.db'), await openFile('b.db')];
    await fillEveryTable(source, { rows: 25 });
    const told: string[] = [];
    const reports = await copyDatabase(source, target, {
      ...options,
      onTable: ({ table }) => void told.push(table),
    });
    expect(reports.map(({ table }) => table)).toEqual(Object.keys(COPIED_TABLES));
    expect(told).toEqual(Object.keys(COPIED_TABLES));
    expect(reports.map(({ rows }) => rows)).toEqual(
      Object.keys(COPIED_TABLES).map((table) => (table === 'events' ? 24 : 25)),
    );
    expect(reports.every(({ digest }) => /^[0-9a-f]{64}$/.test(digest))).toBe(true);
    expect(await rowsIn(target)).toBe(await rowsIn(source));
  });

  it('refuses a target with a row in it and leaves it as it is', async () => {
    const [source, target] = [await openFile('a.db'), await openFile('b.db')];
    await fillEveryTable(source, { rows: 2 });
    await target.kysely.insertInto('counters').values({ name: 'objects', value: 1 }).execute();
    await expect(copyDatabase(source, target, options)).rejects.toMatchObject({ code: 'DATABASE_NOT_EMPTY' });
    expect(await rowsIn(target)).toBe(1);
  });

  it('refuses a source that somebody executes on, unless that process is known to be dead', async () => {
    const [source, target] = [await openFile('a.db'), await openFile('b.db')];
    const until = options.now.getTime() + 60_000;
    const lease = { name: 'executor', owner: 'host:7:ab', token: 1, until, data: '{"pid":7}' };
    await source.kysely.insertInto('leases').values(lease).execute();
    await expect(copyDatabase(source, target, options)).rejects.toMatchObject({
      code: 'DATABASE_IN_USE',
      message: expect.stringContaining('host:7:ab executes runs'),
    });
    const isDead = (self: Record<string, unknown>) => self.pid === 7;
    expect(await copyDatabase(source, target, { ...options, isDead })).toContainEqual(
      expect.objectContaining({ table: 'leases', rows: 1 }),
    );
  });

  it('takes back everything when it reads something else than it wrote', async () => {
    const [source, target] = [await openFile('a.db'), await openFile('b.db')];
    await fillEveryTable(source, { rows: 3 });
    await sql`create trigger meddle after insert on outcomes begin
      update outcomes set status = 'other' where run_id = new.run_id; end`.execute(target.kysely);
    await expect(copyDatabase(source, target, options)).rejects.toMatchObject({ code: 'COPY_UNVERIFIED' });
    expect(await rowsIn(target)).toBe(0);
  });
});

const missing = missingPostgres();
if (missing !== undefined) skipLoudly('copies over PostgreSQL', missing);
else describe('copies over PostgreSQL', () => describeServerCopies());

/** Copies a file's database to a server and is killed on the way. */
const DIE_COPYING = `
  import { copyDatabase, openPostgres, openSqlite } from '@drover/store';
  const { file, url } = JSON.parse(process.argv[2]!);
  copyDatabase(openSqlite(file), openPostgres(url), {
    isDead: () => false,
    now: new Date(),
    onTable: ({ table }) => { if (table === 'tasks') process.kill(process.pid, 'SIGKILL'); },
  });
`;

function describeServerCopies(): void {
  let empty: Awaited<ReturnType<typeof makeEmptyPostgres>>;
  let dying: Program;
  beforeAll(async () => {
    empty = await makeEmptyPostgres();
    dying = await makeProgram(DIE_COPYING);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    dying.remove();
    await empty.remove();
  });

  it('carry everything there and back, over a copy that was killed', async () => {
    const [source, back] = [await openFile('a.db'), await openFile('b.db')];
    const server = openPostgres(empty.url);
    opened.push(server);
    await migrate(server);
    await fillEveryTable(source, { rows: ROWS });

    await expect(dying.run({ file: join(folder, 'a.db'), url: empty.url })).rejects.toThrow();
    expect(await rowsIn(server)).toBe(0);

    const there = await copyDatabase(source, server, options);
    expect(there.map(({ rows }) => rows)).toContain(ROWS - 1);
    expect(await copyDatabase(server, back, options)).toEqual(there);
    for (const table of Object.keys(COPIED_TABLES)) {
      const all = sql`select * from ${sql.table(table)} order by 1, 2`;
      expect([table, (await all.execute(back.kysely)).rows]).toEqual([
        table,
        (await all.execute(source.kysely)).rows,
      ]);
    }

    const event = { run_id: 'run_new', at: 1, kind: 'log', data: '{}' };
    for (const database of [server, back]) {
      const made = await database.kysely
        .insertInto('events')
        .values(event)
        .returning('seq')
        .executeTakeFirstOrThrow();
      expect(made.seq).toBe(ROWS + 1);
      for (const table of COUNTED.filter((name) => name !== 'events')) {
        expect(await database.traits.lastSequence(database.kysely, table as 'journal')).toBe(ROWS);
      }
    }
  }, 120_000);

  it('wait for nobody for long: a table that somebody holds is a fault', async () => {
    const { url, remove } = await makeEmptyPostgres();
    const [server, other] = [openPostgres(url), openPostgres(url)];
    try {
      await migrate(server);
      const target = await openFile('a.db');
      await other.kysely.transaction().execute(async (trx) => {
        await trx.insertInto('counters').values({ name: 'held', value: 1 }).execute();
        await expect(copyDatabase(server, target, options)).rejects.toMatchObject({
          code: 'DATABASE_IN_USE',
        });
      });
    } finally {
      await Promise.all([server.close(), other.close()]);
      await remove();
    }
  }, 60_000);

  it('are a fault when they and somebody else wait for each other', async () => {
    const { url, remove } = await makeEmptyPostgres();
    const [server, other] = [openPostgres(url), openPostgres(url)];
    try {
      await migrate(server);
      const target = await openFile('a.db');
      const copied = await other.kysely.transaction().execute(async (trx) => {
        // The other one finds that neither can go on.
        await sql`set local deadlock_timeout = '60s'`.execute(trx);
        await trx.insertInto('forgotten').values({ kind: 'run', id: 'run_1' }).execute();
        const outcome = copyDatabase(server, target, options).catch((error: unknown) => error);
        await someoneWaits(server);
        await trx.insertInto('counters').values({ name: 'held', value: 1 }).execute();
        return outcome;
      });
      expect(copied).toMatchObject({ code: 'DATABASE_IN_USE' });
    } finally {
      await Promise.all([server.close(), other.close()]);
      await remove();
    }
  }, 60_000);

  it('refuse who executes before they wait for what that holds', async () => {
    const { url, remove } = await makeEmptyPostgres();
    const [server, other] = [openPostgres(url), openPostgres(url)];
    try {
      await migrate(server);
      const target = await openFile('a.db');
      const until = options.now.getTime() + 60_000;
      const lease = { name: 'executor', owner: 'host:7:ab', token: 1, until, data: '{"pid":7}' };
      await server.kysely.insertInto('leases').values(lease).execute();
      await other.kysely.transaction().execute(async (trx) => {
        await trx.insertInto('counters').values({ name: 'held', value: 1 }).execute();
        await expect(copyDatabase(server, target, options)).rejects.toMatchObject({
          message: expect.stringContaining('host:7:ab executes runs'),
        });
      });
    } finally {
      await Promise.all([server.close(), other.close()]);
      await remove();
    }
  }, 60_000);
}

/** Until a session of the server waits for a lock. */
async function someoneWaits(server: Database): Promise<void> {
  for (;;) {
    const waits = await sql`select 1 from pg_locks where not granted
      and database = (select oid from pg_database where datname = current_database())`.execute(server.kysely);
    if (waits.rows.length > 0) return;
    await sleep(20);
  }
}

const TEXTS = ['', `O'Brien "\\%_`, '中文 \u{1F600} e\u0301', 'line\nbreak\ttab', 'x'.repeat(5_000)];
const REALS = [0, -0.1, 1e-300, 123_456_789.123_456_79, 5];
const WHOLE = [0, -1, 2 ** 31, Number.MAX_SAFE_INTEGER];

interface Column {
  name: string;
  dataType: string;
  isNullable: boolean;
}

async function columnsOf(database: Database): Promise<Map<string, Column[]>> {
  const tables = await database.kysely.introspection.getTables();
  return new Map(tables.map(({ name, columns }) => [name, columns]));
}

/** Fills every table of a database with rows whose values are hard to carry. */
async function fillEveryTable(database: Database, { rows }: { rows: number }): Promise<void> {
  const columns = await columnsOf(database);
  for (const table of Object.keys(COPIED_TABLES) as (keyof Tables)[]) {
    const own = columns.get(table)!;
    const cells = Array.from({ length: rows }, (_, n) => own.map((column) => cellOf(table, column, n + 1)));
    await insertRows(database.kysely, database.traits, {
      table,
      columns: own.map(({ name }) => name),
      rows: cells,
    });
  }
  // Numbers were given that no row has any more.
  await sql`delete from events where seq = ${rows}`.execute(database.kysely);
}

function cellOf(table: keyof Tables, { name, dataType, isNullable }: Column, n: number): InsertCell {
  const isKey = COPIED_TABLES[table].key.includes(name);
  if (isNullable && n % 2 === 0) return null;
  const type = dataType.toLowerCase();
  if (/blob|bytea/.test(type)) return Buffer.from([0, 255, n % 256, 10]);
  if (/double|real|float/.test(type)) return REALS[n % REALS.length]!;
  if (type === 'integer' || type === 'int4') return n;
  if (/int/.test(type)) return isKey || name === 'until' ? n : WHOLE[n % WHOLE.length]!;
  return `${name} ${n} ${TEXTS[n % TEXTS.length]!}`;
}
