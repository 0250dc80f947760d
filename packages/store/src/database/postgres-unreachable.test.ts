import { expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { openPostgres } from './postgres.js';

it('a server that does not answer is a fault of its own, which names no password', async () => {
  const database = openPostgres('postgres://drover:secret-word@127.0.0.1:1/drover');
  const refusal = await sql`select 1`.execute(database.kysely).catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: 'DATABASE_UNREACHABLE',
    message: expect.stringMatching(/^The database 127\.0\.0\.1:1\/drover cannot be used: .*ECONNREFUSED/),
    cause: { code: 'ECONNREFUSED' },
  });
  expect(String(refusal)).not.toContain('secret-word');
  await database.close();
});
