import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingPostgres, skipLoudly } from '@drover/testing/databases/describe-databases';
import { START_TIMEOUT_MS, makeEmptyPostgres } from '@drover/testing/databases/postgres-databases';
import { type Program, makeProgram } from '@drover/testing/databases/run-in-process';
import type { Database } from './database.js';
import { migrate } from './migrate.js';
import { openPostgres } from './postgres.js';
import { openSqlite } from './sqlite.js';

const PROCESSES = 8;
const BUNDLE_TIMEOUT_MS = 60_000;

/** Waits for the given time, so that all processes open and migrate at once. */
const MIGRATE_AT = `
  import { migrate, openPostgres, openSqlite } from '@drover/store';
  const { startAt, file, url } = JSON.parse(process.argv[2]!);
  while (Date.now() < startAt);
  (async () => {
    const database = file === undefined ? openPostgres(url) : openSqlite(file);
    const applied = await migrate(database);
    const runs = await database.kysely.selectFrom('runs').selectAll().execute();
    await database.close();
    process.stdout.write(runs.length + ' runs, applied: ' + applied.join());
  })().catch((error) => { console.error(error); process.exit(1); });
`;

describe('migrate', () => {
  let program: Program;
  beforeAll(async () => {
    program = await makeProgram(MIGRATE_AT);
  }, BUNDLE_TIMEOUT_MS);
  afterAll(() => program.remove());

  const ONE_MIGRATED = ['0 runs, applied: 0001-initial', ...Array(PROCESSES - 1).fill('0 runs, applied: ')];

  async function race(where: { file: string } | { url: string }): Promise<string[]> {
    const startAt = Date.now() + 700;
    return Promise.all(Array.from({ length: PROCESSES }, () => program.run({ startAt, ...where })));
  }

  async function appliedMigrations(database: Database): Promise<string[]> {
    await migrate(database);
    const tables = await database.kysely.introspection.getTables({ withInternalKyselyTables: true });
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['objects', 'runs', 'counters']));
    const { rows } = await database.kysely.executeQuery<{ name: string }>({
      ...database.kysely.selectNoFrom([]).compile(),
      sql: 'select name from kysely_migration order by name',
    });
    await database.close();
    return rows.map(({ name }) => name);
  }

  test('several processes at once, on SQLite', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drover-test-migrate-'));
    try {
      for (let round = 0; round < 5; round += 1) {
        const file = join(folder, `${round}.db`);
        expect((await race({ file })).toSorted().toReversed()).toEqual(ONE_MIGRATED);
        expect(await appliedMigrations(openSqlite(file))).toEqual(['0001-initial']);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);

  const missing = missingPostgres();
  if (missing !== undefined) {
    skipLoudly('several processes at once, on PostgreSQL', missing);
    return;
  }
  test(
    'several processes at once, on PostgreSQL',
    async () => {
      const { url, remove } = await makeEmptyPostgres();
      try {
        expect((await race({ url })).toSorted().toReversed()).toEqual(ONE_MIGRATED);
        expect(await appliedMigrations(openPostgres(url))).toEqual(['0001-initial']);
      } finally {
        await remove();
      }
    },
    START_TIMEOUT_MS,
  );
});
