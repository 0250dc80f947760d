import { expect, test } from '@jest/globals';
import { timeBefore } from './first-fetch.js';

test.each([
  ['12 hours', '2026-03-30T23:30:00.000Z'],
  ['1 hour', '2026-03-31T10:30:00.000Z'],
  ['90 minutes', '2026-03-31T10:00:00.000Z'],
  ['3 days', '2026-03-28T11:30:00.000Z'],
  ['2 weeks', '2026-03-17T11:30:00.000Z'],
  ['1 month', '2026-02-28T11:30:00.000Z'],
  ['13 months', '2025-02-28T11:30:00.000Z'],
  ['2 years', '2024-03-31T11:30:00.000Z'],
])('%s before', (words, then) => {
  expect(new Date(timeBefore(words, '2026-03-31T11:30:00.000Z')).toISOString()).toBe(then);
});
