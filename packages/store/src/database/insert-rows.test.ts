import { expect, test } from '@jest/globals';
import { describeDatabases } from '@drover/testing/databases/describe-databases';
import type { Kysely } from 'kysely';
import { insertRows } from './insert-rows.js';
import type { Tables } from './tables.js';

const COUNTERS = { table: 'counters', columns: ['name', 'value'] } as const;
const rowsFrom = (first: number, rows: number): [string, number][] =>
  Array.from({ length: rows }, (_, n) => [`n${first + n}`, first + n]);

async function countOf(kysely: Kysely<Tables>): Promise<number> {
  return (await kysely.selectFrom('counters').selectAll().execute()).length;
}

describeDatabases('insertRows', (open) => {
  test('inserts any number of rows, each once', async () => {
    const { kysely, traits } = await open();
    await insertRows(kysely, traits, { ...COUNTERS, rows: rowsFrom(0, 234) });
    const rows = await kysely.selectFrom('counters').select(['name', 'value']).orderBy('value').execute();
    expect(rows).toEqual(rowsFrom(0, 234).map(([name, value]) => ({ name, value })));
  });

  test('undoes the transaction when one of its rows is there already, and the connection goes on', async () => {
    const { kysely, traits } = await open();
    const failing = kysely.transaction().execute(async (trx) => {
      await insertRows(trx, traits, { ...COUNTERS, rows: rowsFrom(0, 1) });
      await insertRows(trx, traits, { ...COUNTERS, rows: [...rowsFrom(1, 99), ...rowsFrom(0, 1)] });
    });
    await expect(failing).rejects.toThrow(/unique|duplicate/i);
    expect(await countOf(kysely)).toBe(0);
    await kysely
      .transaction()
      .execute((trx) => insertRows(trx, traits, { ...COUNTERS, rows: rowsFrom(0, 10) }));
    expect(await countOf(kysely)).toBe(10);
  });

  test('leaves none of a statement’s rows where it fails outside of a transaction', async () => {
    const { kysely, traits } = await open();
    const failing = insertRows(kysely, traits, { ...COUNTERS, rows: [...rowsFrom(0, 9), ...rowsFrom(0, 1)] });
    await expect(failing).rejects.toThrow(/unique|duplicate/i);
    expect(await countOf(kysely)).toBe(0);
  });
});
