import { constants, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from '@jest/globals';
import { type Database, migrate, openSqlite } from '@drover/store';
import { START_TIMEOUT_MS, postgresOrigin, startPostgres } from './postgres-databases.js';
import { RecycledPostgres } from './recycled-postgres.js';
import { oncePerRun, runDirectory } from './run-directory.js';

type Fresh = { database: Database; remove(): Promise<void> };

/**
 * Runs a suite over SQLite (a file) and over PostgreSQL. Each `open` gives an empty database with this version's schema; it
 * is gone when it is closed, at the latest after the test, or after the suite when it was opened in `beforeAll`. Where there is no
 * PostgreSQL, its half is skipped and says what was missing; with `CI=true` it fails.
 */
export function describeDatabases(name: string, suite: (open: () => Promise<Database>) => void): void {
  describeSqlite(name, suite);
  describePostgres(name, 'on PostgreSQL', suite);
}

/** The half of `describeDatabases` over SQLite. */
export function describeSqlite(name: string, suite: (open: () => Promise<Database>) => void): void {
  describe(name, () => {
    const open = removedAfterwards(openFreshSqlite);
    // In a suite of its own, so that its hooks come before the removal.
    describe('on SQLite', () => suite(open));
  });
}

/** The half of `describeDatabases` over PostgreSQL. `place` says so in the name of the suite. */
export function describePostgres(
  name: string,
  place: string,
  suite: (open: () => Promise<Database>) => void,
): void {
  const missing = missingPostgres();
  if (missing !== undefined) {
    skipLoudly(`${name} ${place}`, missing);
    return;
  }
  describe(name, () => {
    const databases = new RecycledPostgres();
    beforeAll(async () => void (await startPostgres()), START_TIMEOUT_MS);
    afterAll(() => databases.clear());
    const open = removedAfterwards(() => databases.open());
    describe(place, () => suite(open));
  });
}

/** What keeps tests from having PostgreSQL; undefined when they can have it. */
export function missingPostgres(): string | undefined {
  const origin = postgresOrigin();
  if (origin.kind !== 'missing') return undefined;
  return `no PostgreSQL: ${origin.reasons.join('; ')}; set DROVER_TEST_POSTGRES_URL or install postgresql`;
}

/** A skipped suite that names what was missing; under `CI=true` a failing one. */
export function skipLoudly(title: string, missing: string): void {
  if (process.env.CI === 'true') {
    describe(title, () => {
      test('runs in CI', () => {
        throw new Error(missing);
      });
    });
    return;
  }
  process.stderr.write(`SKIPPED: ${title} (${missing})\n`);
  describe.skip(`${title} (skipped: ${missing})`, () => {
    test('runs', () => undefined);
  });
}

function removedAfterwards(openFresh: () => Promise<Fresh>): () => Promise<Database> {
  const ofSuite: Fresh[] = [];
  const ofTest: Fresh[] = [];
  let opened = ofSuite;
  beforeEach(() => {
    opened = ofTest;
  });
  afterEach(async () => {
    opened = ofSuite;
    await removeAll(ofTest);
  });
  afterAll(() => removeAll(ofSuite));
  return async () => {
    const fresh = await openFresh();
    let removed: Promise<void> | undefined;
    const remove = (): Promise<void> => (removed ??= fresh.remove());
    opened.push({ ...fresh, remove });
    return { ...fresh.database, close: remove };
  };
}

async function removeAll(opened: Fresh[]): Promise<void> {
  for (const { remove } of opened.splice(0)) await remove();
}

async function openFreshSqlite(): Promise<Fresh> {
  const folder = mkdtempSync(join(tmpdir(), 'drover-test-sqlite-'));
  const file = join(folder, 'drover.db');
  copyFileSync(await oncePerRun('sqlite-template', makeSqliteTemplate), file, constants.COPYFILE_FICLONE);
  const database = openSqlite(file);
  async function remove(): Promise<void> {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { database, remove };
}

/** A file with this version's schema, which databases are copied from. */
async function makeSqliteTemplate(): Promise<string> {
  const file = join(runDirectory(), 'template.db');
  const database = openSqlite(file);
  await migrate(database);
  await database.close();
  return file;
}
