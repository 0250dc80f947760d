import { expect, test } from '@jest/globals';
import { parseSince } from './since.js';

const NOW = Date.UTC(2026, 2, 1, 12);
const HOUR = 3_600_000;

test.each([
  ['90m', NOW - 1.5 * HOUR],
  ['12h', NOW - 12 * HOUR],
  ['7d', NOW - 168 * HOUR],
  ['2w', NOW - 336 * HOUR],
  ['0d', NOW],
  ['2026-02-03', Date.UTC(2026, 1, 3)],
  ['2028-02-29', Date.UTC(2028, 1, 29)],
  ['2026-02-03T04:05Z', Date.UTC(2026, 1, 3, 4, 5)],
  ['2026-02-03T04:05:06.789Z', Date.UTC(2026, 1, 3, 4, 5, 6, 789)],
  ['2026-02-03T04:05:06+02:30', Date.UTC(2026, 1, 3, 1, 35, 6)],
])('%s', (text, at) => {
  expect(parseSince(text, NOW)).toBe(at);
});

test.each([
  '',
  '7',
  'd',
  '7 d',
  '-7d',
  '7y',
  '1234567d',
  '2026-02-30',
  '2026-13-01',
  '2026-02-03T25:00Z',
  '2026-02-03T04:05',
  '3 Feb 2026',
  '2026-2-3',
])('%j names no time', (text) => {
  expect(parseSince(text, NOW)).toBeUndefined();
});
