import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeEmptyPostgres, missingPostgres, skipLoudly } from '@drover/testing';
import { sql } from 'kysely';
import type { Database } from './database.js';
import { migrate, migrationStates } from './migrate.js';
import { openPostgres } from './postgres.js';
import { openSqlite } from './sqlite.js';

const REFUSAL = { code: 'DATABASE_FOREIGN', message: expect.stringContaining('"objects"') };

async function expectRefused(database: Database): Promise<void> {
  await sql`create table objects (id integer)`.execute(database.kysely);
  await expect(migrate(database)).rejects.toMatchObject(REFUSAL);
  await expect(migrationStates(database)).rejects.toMatchObject(REFUSAL);
  expect(await database.traits.relationNames(database.kysely)).toEqual(['objects']);
}

it('a SQLite file with a table of somebody else is left as it is', async () => {
  const database = openSqlite(':memory:');
  await expectRefused(database);
  await database.close();
});

const missing = missingPostgres();
if (missing === undefined) describe('a PostgreSQL database with a table of somebody else', testPostgres);
else skipLoudly('a PostgreSQL database of somebody else', missing);

function testPostgres(): void {
  let made: Awaited<ReturnType<typeof makeEmptyPostgres>>;
  let database: Database;
  beforeEach(async () => {
    made = await makeEmptyPostgres();
    database = openPostgres(made.url);
  }, 60_000);
  afterEach(async () => {
    await database.close();
    await made.remove();
  });

  it('is left as it is', () => expectRefused(database));

  it('is taken when that is in another schema', async () => {
    await sql`create schema other`.execute(database.kysely);
    await sql`create table other.objects (id integer)`.execute(database.kysely);
    expect(await migrate(database)).toEqual(['0001-initial']);
  });
}
