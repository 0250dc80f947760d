import { expect, it } from '@jest/globals';
import { describePostgres } from '@drover/testing';
import { type Kysely, sql } from 'kysely';
import { KyselyObjectLibrary } from '../objects/kysely-object-library.js';
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

describePostgres('PostgreSQL', 'as the store uses it', (open) => {
  it('plans a statement once that comes again', async () => {
    const { kysely } = await open();
    const preparedAfter = (times: number) =>
      kysely.connection().execute(async (one) => {
        for (let n = 0; n < times; n += 1) await sql`select ${n}::int + 4711 as n`.execute(one);
        const { rows } = await sql<{ statement: string }>`select statement from pg_prepared_statements
          where statement like '%+ 4711 as n'`.execute(one);
        return rows.map(({ statement }) => statement);
      });
    expect(await preparedAfter(2)).toEqual([]);
    expect(await preparedAfter(2)).toEqual(['select $1::int + 4711 as n']);
  });

  it('knows how large the library is when an import has made it large', async () => {
    const database = await open();
    const library = new KyselyObjectLibrary(database);
    const write = (from: number, objects: number) =>
      library.upsert(
        Array.from({ length: objects }, (_, n) => ({ type: 'indicator', value: `${from + n}.example.com` })),
        { source: 'Test', at: new Date() },
      );
    const known = async () => {
      const query = sql<{ n: number }>`select reltuples as n from pg_class where relname = 'objects'`;
      return (await query.execute(database.kysely)).rows[0]!.n;
    };
    await write(0, 999);
    expect(await known()).toBeLessThanOrEqual(0);
    await write(999, 1);
    expect(await known()).toBe(1_000);
  });
});
