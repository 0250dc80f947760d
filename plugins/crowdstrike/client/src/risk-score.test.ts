import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { riskAttributes } from './risk-attributes.js';
import { normalizedScore, roundedRisk } from './risk-score.js';
import { bandOf, checkBands } from './score-bands.js';

const DEFAULTS = { poorUpTo: 350, moderateUpTo: 650 };

test.each([
  [0, 0, 1_000],
  [1, 1, 0],
  [0.5, 0.5, 500],
  [0.834, 0.83, 170],
  [0.835, 0.83, 170],
  [0.836, 0.84, 160],
  [0.009, 0.01, 990],
  [0.9999, 1, 0],
  [0.07, 0.07, 930],
  [0.43, 0.43, 570],
])('a risk of %d is shown as %d and is %d on the scale of Netskope', (risk, rounded, normalized) => {
  expect(roundedRisk(risk)).toBe(rounded);
  expect(normalizedScore(risk)).toBe(normalized);
});

test.each([
  [0, 'Poor'],
  [350, 'Poor'],
  [351, 'Moderate'],
  [650, 'Moderate'],
  [651, 'Good'],
  [1_000, 'Good'],
])('%d is %s', (score, band) => {
  expect(bandOf(score, DEFAULTS)).toBe(band);
});

test('a user without a score gets nothing', () => {
  expect(riskAttributes(undefined, DEFAULTS)).toEqual([]);
});

test('bounds leave every band something', () => {
  expect(() => checkBands(DEFAULTS)).not.toThrow();
  for (const moderateUpTo of [350, 100]) {
    expect(() => checkBands({ poorUpTo: 350, moderateUpTo })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', path: '/moderateUpTo' }),
    );
  }
});

test('whatever the bounds, each score has one band, and less risk is never a worse band', () => {
  const order = ['Poor', 'Moderate', 'Good'];
  const bounds = fc
    .tuple(fc.integer({ min: 0, max: 998 }), fc.integer({ min: 1, max: 999 }))
    .filter(([poor, moderate]) => poor < moderate)
    .map(([poorUpTo, moderateUpTo]) => ({ poorUpTo, moderateUpTo }));
  const risk = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(bounds, risk, risk, (bands, one, other) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      const ranks = [low, high].map((each) => order.indexOf(bandOf(normalizedScore(each), bands)));
      expect(ranks[0]).toBeGreaterThanOrEqual(ranks[1]!);
      expect(ranks).not.toContain(-1);
    }),
  );
});
