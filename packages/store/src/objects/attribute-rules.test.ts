import { describe, expect, test } from '@jest/globals';
import { array, assert, constantFrom, integer, property, record, shuffledSubarray } from 'fast-check';
import { type Offer, type StoredValue, fromStoredValue, meet, toStoredValue } from './attribute-rules.js';

function offer(mode: Offer['mode'], value: string | number | boolean, at: number, runId = 'run_a'): Offer {
  return { mode, said: toStoredValue(value, { at, runId }) };
}

function stored(value: string | number | boolean, at: number, runId = 'run_a'): StoredValue {
  return toStoredValue(value, { at, runId });
}

function meetAll(offers: readonly Offer[]): readonly StoredValue[] {
  return offers.reduce<readonly StoredValue[]>((values, next) => meet(values, next).values, []);
}

describe('meet', () => {
  test.each<[string, StoredValue[], Offer, ReturnType<typeof meet>['result'], StoredValue[]]>([
    ['add to nothing', [], offer('add', 'x', 5), 'applied', [stored('x', 5)]],
    ['add another', [stored('x', 5)], offer('add', 'y', 1), 'applied', [stored('x', 5), stored('y', 1)]],
    ['add the same later', [stored('x', 5)], offer('add', 'x', 9), 'repeated', [stored('x', 5)]],
    ['add the same earlier', [stored('x', 5)], offer('add', 'x', 1), 'repeated', [stored('x', 1)]],
    [
      'add a number beside its text',
      [stored('1', 5)],
      offer('add', 1, 5),
      'applied',
      [stored('1', 5), stored(1, 5)],
    ],
    ['replace later', [stored('x', 5)], offer('replace', 'y', 6), 'applied', [stored('y', 6)]],
    ['replace earlier', [stored('x', 5)], offer('replace', 'y', 4), 'lost', [stored('x', 5)]],
    ['replace by the same later', [stored('x', 5)], offer('replace', 'x', 6), 'repeated', [stored('x', 6)]],
    ['replace by the same earlier', [stored('x', 5)], offer('replace', 'x', 4), 'repeated', [stored('x', 5)]],
    [
      'replace at the same time, greater',
      [stored('x', 5)],
      offer('replace', 'y', 5),
      'applied',
      [stored('y', 5)],
    ],
    ['replace at the same time, less', [stored('y', 5)], offer('replace', 'x', 5), 'lost', [stored('y', 5)]],
    [
      'replace several',
      [stored('x', 1), stored('y', 2)],
      offer('replace', 'x', 3),
      'applied',
      [stored('x', 3)],
    ],
    [
      'replace several, one later',
      [stored('x', 1), stored('y', 9)],
      offer('replace', 'z', 3),
      'lost',
      [stored('x', 1), stored('y', 9)],
    ],
    ['max greater, earlier', [stored(9, 5)], offer('max', 10, 1), 'applied', [stored(10, 1)]],
    ['max less, later', [stored(10, 5)], offer('max', 9, 9), 'lost', [stored(10, 5)]],
    ['max the same', [stored(10, 5)], offer('max', 10, 9), 'repeated', [stored(10, 5)]],
    [
      'max over several',
      [stored(1, 5), stored(3, 5)],
      offer('max', 2, 9),
      'lost',
      [stored(1, 5), stored(3, 5)],
    ],
    ['max over a text', [stored('zzz', 5)], offer('max', -1, 9), 'applied', [stored(-1, 9)]],
  ])('%s', (_, values, next, result, after) => {
    expect(meet(values, next)).toEqual({ result, values: after });
  });

  test.each(['replace', 'max', 'add'] as const)('%s ends the same in any order', (mode) => {
    const offers = array(
      record({
        value: constantFrom<string | number | boolean>('a', 'b', '1', 1, 2, -1, true),
        at: integer({ min: 1, max: 3 }),
        runId: constantFrom('run_a', 'run_b'),
      }),
      { minLength: 1, maxLength: 6 },
    ).chain((list) => {
      const made = list.map(({ value, at, runId }) => offer(mode, value, at, runId));
      return record({
        once: shuffledSubarray(made, { minLength: made.length }),
        again: shuffledSubarray(made, { minLength: made.length }),
      });
    });
    const byText = (values: readonly StoredValue[]) => values.map((value) => JSON.stringify(value)).sort();
    assert(
      property(offers, ({ once, again }) => {
        expect(byText(meetAll(once))).toEqual(byText(meetAll(again)));
      }),
      { numRuns: 500 },
    );
  });
});

test.each(['text', '', '1', 0.1, -1e21, 9_007_199_254_740_991, true, false])(
  '%j is stored and read back',
  (value) => {
    const { kind, text } = toStoredValue(value, { at: 0 });
    expect(fromStoredValue({ kind, text_value: text })).toBe(value);
  },
);
