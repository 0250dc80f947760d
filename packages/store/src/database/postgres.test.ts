import { expect, it } from '@jest/globals';
import { describePostgres } from '@drover/testing';
import { type Kysely, sql } from 'kysely';
import type { Tables } from './tables.js';

const NAME = 'idle_in_transaction_session_timeout';

async function limitOf(db: Kysely<Tables>): Promise<unknown> {
  const { rows } = await sql`select current_setting(${NAME}) as value`.execute(db);
  return (rows[0] as { value: unknown }).value;
}

describePostgres('a transaction that a stopped process has open', 'on PostgreSQL', (open) => {
  it('is ended by the server, so that its locks hold up nobody', async () => {
    const { kysely } = await open();
    expect(await limitOf(kysely)).toBe('15s');
    const paused = kysely.transaction().execute(async (trx) => {
      await sql`set local idle_in_transaction_session_timeout = '50ms'`.execute(trx);
      await trx.insertInto('counters').values({ name: 'paused', value: 1 }).execute();
      await new Promise((resolve) => setTimeout(resolve, 400));
      await trx.deleteFrom('counters').execute();
    });
    await expect(paused).rejects.toThrow();
    expect(await kysely.selectFrom('counters').selectAll().where('name', '=', 'paused').execute()).toEqual(
      [],
    );
  });

  it('may stay open for as long as it likes when it has the tables for itself', async () => {
    const { kysely, traits } = await open();
    await kysely.transaction().execute(async (trx) => {
      await traits.lockTables(trx, ['counters']);
      expect(await limitOf(trx)).toBe('0');
    });
    expect(await limitOf(kysely)).toBe('15s');
  });
});
