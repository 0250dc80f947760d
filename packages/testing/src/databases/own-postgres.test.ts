import { afterEach, expect, test } from '@jest/globals';
import { openPostgres } from '@drover/store';
import { sql } from 'kysely';
import { OwnPostgres, missingOwnPostgres } from './own-postgres.js';
import { skipLoudly } from './describe-databases.js';

const missing = missingOwnPostgres();
if (missing === undefined) testOwnPostgres();
else skipLoudly('a PostgreSQL of a test’s own', missing);

function testOwnPostgres(): void {
  let postgres: OwnPostgres;
  afterEach(() => postgres.remove());

  test('is restarted at its place, with and without a shutdown, and keeps what was committed', async () => {
    postgres = await OwnPostgres.start();
    for (const crash of [false, true]) {
      const before = openPostgres(postgres.url);
      await sql`create table ${sql.table(`crash_${String(crash)}`)} (n int)`.execute(before.kysely);
      await postgres.restart({ crash });
      await before.close();
      expect(await postgres.countRows(`pg_tables where tablename like 'crash%'`)).toBe(crash ? 2 : 1);
    }
  }, 60_000);
}
