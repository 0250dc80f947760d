import { expect, test } from '@jest/globals';
import { assert, integer, property, string, tuple } from 'fast-check';
import { afterPrefix, keyHead, valueKey } from './value-key.js';

const long = string({ unit: 'binary', minLength: 0, maxLength: 20 }).chain((unit) =>
  integer({ min: 0, max: 40 }).map((times) => unit.repeat(times)),
);

/** Order by code point, as the databases sort. */
function isBelow(left: string, right: string): boolean {
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;
}

test('equal keys mean equal values', () => {
  assert(property(long, long, (a, b) => (valueKey(a) === valueKey(b)) === (a === b)));
});

test('keys are short and well formed', () => {
  assert(
    property(
      long,
      (value) => Buffer.byteLength(valueKey(value)) <= 256 * 3 + 64 && valueKey(value).isWellFormed(),
    ),
  );
});

test('the key of a text starts with the head of each of its prefixes', () => {
  const cut = tuple(long, integer({ min: 0, max: 800 }));
  assert(
    property(cut, ([value, at]) => {
      const prefix = value.slice(0, at);
      if (prefix.isWellFormed()) expect(valueKey(value).startsWith(keyHead(prefix))).toBe(true);
    }),
  );
});

test('every text with a prefix lies between it and what comes after it', () => {
  const text = string({ unit: 'binary', maxLength: 3 });
  assert(
    property(text, text, (prefix, other) => {
      const end = afterPrefix(prefix);
      if (end === undefined) return;
      const isBetween = !isBelow(other, prefix) && isBelow(other, end);
      expect(isBetween).toBe(other.startsWith(prefix));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['a', 'b'],
  ['a\u{10ffff}', 'b'],
  ['\ud7ff', '\ue000'],
  ['\u{10ffff}', undefined],
  ['', undefined],
])('after %j comes %j', (prefix, next) => {
  expect(afterPrefix(prefix)).toBe(next);
});
