import { expect, it } from '@jest/globals';
import { describePostgres } from '@drover/testing';
import { sql } from 'kysely';
import { KyselyObjectLibrary } from '../objects/kysely-object-library.js';

describePostgres('statements and statistics', 'on PostgreSQL', (open) => {
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
