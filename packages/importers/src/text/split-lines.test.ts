import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter, MAX_LINE_LENGTH, type Line } from './split-lines.js';

function split(chunks: readonly string[]): Line[] {
  const splitter = new LineSplitter();
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

describe('LineSplitter', () => {
  test('finds the same lines whatever the chunks', () => {
    const chunks = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r\n', ' ') }));
    fc.assert(
      fc.property(chunks, (pieces) => {
        const lines = pieces.join('').split(/\r?\n/);
        if (lines.at(-1) === '') lines.pop();
        const expected = lines.map((text, at) => ({ number: at + 1, text, isCut: false }));
        expect(split(pieces)).toEqual(expected);
      }),
    );
  });

  test('keeps the start of a line that is too long and finds the next one', () => {
    const chunk = 'x'.repeat(MAX_LINE_LENGTH);
    expect(split([...Array<string>(20).fill(chunk), '\nshort\n'])).toEqual([
      { number: 1, text: chunk, isCut: true },
      { number: 2, text: 'short', isCut: false },
    ]);
  });
});
