import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter, MAX_LINE_LENGTH } from '../text/split-lines.js';
import { CsvRecordReader } from './csv-records.js';

/** Cells by the line on which they start; a refused line by its code. */
function read(text: string, chunkSize = 7): [number, string[] | string][] {
  const splitter = new LineSplitter();
  const reader = new CsvRecordReader(',');
  const records = [];
  for (let at = 0; at < text.length; at += chunkSize) {
    records.push(...reader.push(splitter.push(text.slice(at, at + chunkSize))));
  }
  records.push(...reader.push(splitter.end()), ...reader.end());
  return records.map((record) => [record.line, record.kind === 'record' ? record.cells : record.code]);
}

function quote(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`;
}

describe('CsvRecordReader', () => {
  test('gives back what was written, with the line on which each record starts', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', '\n', '\r\n', 'é'), maxLength: 6 });
    const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 8 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 20 }), (table, chunkSize) => {
        let line = 1;
        const expected: [number, string[]][] = [];
        for (const cells of table) {
          expected.push([line, cells.map((text) => text.replaceAll('\r\n', '\n'))]);
          line += cells.join('').split('\n').length;
        }
        const text = table.map((cells) => `${cells.map(quote).join(',')}\n`).join('');
        expect(read(text, chunkSize)).toEqual(expected);
      }),
    );
  });

  test.each([
    [
      'blank lines and both line breaks',
      'a,b\r\n\nc,d',
      [
        [1, ['a', 'b']],
        [3, ['c', 'd']],
      ],
    ],
    [
      'a quote inside a field',
      'a\nb"c\nd\n',
      [
        [1, ['a']],
        [2, 'ROW_MALFORMED'],
        [3, ['d']],
      ],
    ],
    [
      'two of them',
      'a"b\nc\nd"e\nf',
      [
        [1, 'ROW_MALFORMED'],
        [2, ['c']],
        [3, 'ROW_MALFORMED'],
        [4, ['f']],
      ],
    ],
    [
      'text after a closing quote',
      '"a"b\n"c"\n',
      [
        [1, 'ROW_MALFORMED'],
        [2, ['c']],
      ],
    ],
    [
      'a quote that is never closed',
      'a\n"b\nc\nd',
      [
        [1, ['a']],
        [2, 'ROW_MALFORMED'],
        [3, ['c']],
        [4, ['d']],
      ],
    ],
    [
      'one that closes at the next quoted row',
      '"a\n"b","c"\nd',
      [
        [1, 'ROW_MALFORMED'],
        [2, ['b', 'c']],
        [3, ['d']],
      ],
    ],
  ])('%s', (_, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test('a row over several lines beyond the limit costs its first line', () => {
    const filler = 'x'.repeat(1_000);
    const lines = Array<string>(80).fill(filler);
    const found = read(['"open', ...lines, 'last'].join('\n'), 5_000);
    expect(found).toHaveLength(lines.length + 2);
    expect(found[0]).toEqual([1, 'ROW_MALFORMED']);
    expect(found.at(-1)).toEqual([lines.length + 2, ['last']]);
  });

  test('a line beyond the limit is refused by itself, inside an open quote too', () => {
    const long = 'x'.repeat(MAX_LINE_LENGTH + 1);
    expect(read(`${long}\na`, 10_000)).toEqual([
      [1, 'ROW_TOO_LONG'],
      [2, ['a']],
    ]);
    expect(read(`"a\n${long}\nb`, 10_000)).toEqual([
      [1, 'ROW_MALFORMED'],
      [2, 'ROW_TOO_LONG'],
      [3, ['b']],
    ]);
  });
});
