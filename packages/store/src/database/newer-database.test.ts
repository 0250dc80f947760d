import { expect, it } from '@jest/globals';
import { describeDatabases } from '@drover/testing';
import { sql } from 'kysely';
import { migrate, migrationStates } from './migrate.js';

describeDatabases('a database of a later version', (open) => {
  it('is refused as it is, and not taken for broken', async () => {
    const database = await open();
    await sql`insert into kysely_migration (name, timestamp) values ('0999-later', '2030-01-01T00:00:00Z')`.execute(
      database.kysely,
    );
    const refusal = { code: 'DATABASE_NEWER', message: expect.stringContaining('0999-later') };
    await expect(migrate(database)).rejects.toMatchObject(refusal);
    await expect(migrationStates(database)).rejects.toMatchObject(refusal);
  });
});
