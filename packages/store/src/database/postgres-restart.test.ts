import { afterEach, expect, test } from '@jest/globals';
import { OwnPostgres, missingOwnPostgres, skipLoudly } from '@drover/testing';
import { sql } from 'kysely';
import type { Database } from './database.js';
import { openPostgres } from './postgres.js';

const UNREACHABLE = { code: 'DATABASE_UNREACHABLE', retryable: true };

const missing = missingOwnPostgres();
if (missing === undefined) testRestarts();
else skipLoudly('PostgreSQL that is restarted', missing);

function testRestarts(): void {
  let postgres: OwnPostgres;
  let database: Database;
  afterEach(async () => {
    await database.close();
    await postgres.remove();
  });

  test('what was under way when PostgreSQL was restarted fails as what passes, and the next thing works', async () => {
    postgres = await OwnPostgres.start();
    database = openPostgres(postgres.url);
    for (const crash of [false, true]) {
      const inTransaction = database.kysely.transaction().execute(async (trx) => {
        await sql`select 1`.execute(trx);
        // The connection is in use, and no query runs on it.
        await postgres.restart({ crash });
        await sql`select 1`.execute(trx);
      });
      await expect(inTransaction).rejects.toMatchObject(UNREACHABLE);
      const query = sql`select pg_sleep(60)`.execute(database.kysely);
      await Promise.all([postgres.restart({ crash }), expect(query).rejects.toMatchObject(UNREACHABLE)]);
      expect((await sql`select 1 as one`.execute(database.kysely)).rows).toEqual([{ one: 1 }]);
    }
  }, 60_000);
}
