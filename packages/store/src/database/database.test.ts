import { expect, test } from '@jest/globals';
import { describeDatabases } from '@drover/testing/databases/describe-databases';
import { sql } from 'kysely';
import { rowsFrom, storableText } from './database.js';

const COLUMNS = { seq: 'bigint', text: 'text', number: 'double precision', flag: 'integer' } as const;

describeDatabases('rowsFrom', (open) => {
  test('gives the rows back with the types of their columns', async () => {
    const { kysely, traits } = await open();
    const rows = [
      { seq: 9_007_199_254_740_991, text: 'quote " \\ \n é 😀', number: 0.1, flag: 1 },
      { seq: 2, text: '', number: -1e300, flag: 0 },
      { seq: 3, text: '12', number: 5, flag: 1 },
    ];
    const source = rowsFrom(traits, COLUMNS, rows);
    expect(await kysely.selectFrom(source.as('r')).selectAll().orderBy('seq').execute()).toEqual([
      rows[1],
      rows[2],
      rows[0],
    ]);
  });

  test('keeps nulls, and gives no row for none', async () => {
    const { kysely, traits } = await open();
    const empty = { seq: 1, text: null, number: null, flag: null };
    const one = rowsFrom(traits, COLUMNS, [empty]);
    expect(await kysely.selectFrom(one.as('r')).selectAll().execute()).toEqual([empty]);
    expect(
      await kysely
        .selectFrom(rowsFrom(traits, COLUMNS, []).as('r'))
        .selectAll()
        .execute(),
    ).toEqual([]);
  });

  test('stores texts that no database takes as U+FFFD', async () => {
    const { kysely, traits } = await open();
    const odd = ['a\0b', '\ud800 alone', 'tail \udc00', 'whole 😀'];
    const source = rowsFrom(
      traits,
      { seq: 'bigint', text: 'text' },
      odd.map((text, seq) => ({ seq, text })),
    );
    const rows = await kysely.selectFrom(source.as('r')).select('text').orderBy('seq').execute();
    expect(rows.map(({ text }) => text)).toEqual(['a\uFFFDb', '\uFFFD alone', 'tail \uFFFD', 'whole 😀']);
    expect(odd.map(storableText)).toEqual(rows.map(({ text }) => text));
  });

  test('counts and sums are numbers', async () => {
    const { kysely, traits } = await open();
    const source = rowsFrom(traits, { n: 'bigint' }, [{ n: 2 }, { n: 3 }]);
    const { rows } = await sql`select count(*) as rows, sum(n) as total from ${source} as r`.execute(kysely);
    expect(rows).toEqual([{ rows: 2, total: 5 }]);
  });
});

describeDatabases('matchesPieces', (open) => {
  test.each([
    { pieces: ['a', ''], texts: ['a', 'ab', 'A', 'ba'], matches: ['a', 'ab'] },
    { pieces: ['', '.com'], texts: ['x.com', 'x.com.', '.com'], matches: ['x.com', '.com'] },
    { pieces: ['100%_', ''], texts: ['100%_x', '100ab'], matches: ['100%_x'] },
    { pieces: ['a[b]?', ''], texts: ['a[b]?x', 'abc', 'a[b]c'], matches: ['a[b]?x'] },
    { pieces: ['back\\', 'x'], texts: ['back\\x', 'backx', 'back\\yx'], matches: ['back\\x', 'back\\yx'] },
    { pieces: ['', 'b', ''], texts: ['abc', 'b', 'ac'], matches: ['abc', 'b'] },
  ])('$pieces matches $matches', async ({ pieces, texts, matches }) => {
    const { kysely, traits } = await open();
    const source = rowsFrom(
      traits,
      { text: 'text' },
      texts.map((text) => ({ text })),
    );
    const rows = await kysely
      .selectFrom(source.as('r'))
      .select('text')
      .where(traits.matchesPieces(sql.ref('text'), pieces))
      .execute();
    expect(rows.map(({ text }) => text)).toEqual(matches);
  });
});
