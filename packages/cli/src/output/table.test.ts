import { describe, expect, it } from '@jest/globals';
import { type Column, facts, table } from './table.js';

interface Row {
  id: number;
  name?: string;
}

const COLUMNS: Column<Row>[] = [
  { title: 'ID', value: (row) => row.id, right: true },
  { title: 'NAME', value: (row) => row.name, maxWidth: 8 },
];

describe('table', () => {
  it('aligns columns, numbers on the right, and cuts what is too wide', () => {
    const rows = [
      { id: 7, name: 'short' },
      { id: 1234, name: 'much too long' },
      { id: 5, name: undefined },
    ];
    expect(table(rows, COLUMNS, { nothing: '' })).toBe(
      ['  ID  NAME', '   7  short', '1234  much to…', '   5'].join('\n'),
    );
  });

  it('says what is said where there is nothing', () => {
    expect(table([], COLUMNS, { nothing: 'There are none.' })).toBe('There are none.');
  });

  it('lets no value move the cursor or turn the text round', () => {
    const text = table(
      [{ id: 1, name: '\u001b[2Jx\u202e' }],
      COLUMNS.with(1, { ...COLUMNS[1]!, maxWidth: 40 }),
      {
        nothing: '',
      },
    );
    expect(text).toContain('\\u001b[2Jx\\u202e');
  });
});

describe('facts', () => {
  it('leaves out what is not there', () => {
    expect(
      facts([
        ['a', 1],
        ['long name', 'x\ny'],
        ['none', undefined],
      ]),
    ).toBe('a          1\nlong name  x\\u000ay');
  });
});
