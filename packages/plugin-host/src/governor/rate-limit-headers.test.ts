import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type LimitHeaders,
  MAX_WAIT_MS,
  MIN_WAIT_MS,
  waitAfterLast,
  waitAfterRefusal,
  waitForPoints,
} from './rate-limit-headers.js';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const NOW_S = NOW_MS / 1_000;
const DATE = new Date(NOW_MS).toUTCString();
/** A vendor whose clock is ten minutes behind ours. */
const SLOW_DATE = new Date(NOW_MS - 600_000).toUTCString();

describe('waitAfterRefusal', () => {
  it.each<[string, LimitHeaders, number | undefined]>([
    ['nothing said', {}, undefined],
    ['Retry-After in seconds', { 'retry-after': '7' }, 7_000],
    ['Retry-After in broken seconds', { 'retry-after': '1.5' }, 1_500],
    ['Retry-After of 0: at least a second', { 'retry-after': '0' }, 1_000],
    ['Retry-After as a date', { 'retry-after': new Date(NOW_MS + 30_000).toUTCString() }, 30_000],
    [
      'Retry-After as a date of a slow clock',
      { 'retry-after': new Date(NOW_MS - 570_000).toUTCString(), date: SLOW_DATE },
      30_000,
    ],
    ['Retry-After as a date gone by', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 1_000],
    ['Retry-After that is neither', { 'retry-after': 'soon' }, undefined],
    ['Retry-After below nothing', { 'retry-after': '-5' }, undefined],
    ['Retry-After of a year: an hour', { 'retry-after': '31536000' }, MAX_WAIT_MS],
    ['RateLimit-Reset from now', { 'ratelimit-remaining': '0', 'ratelimit-reset': '3' }, 3_000],
    ['RateLimit-Reset without the rest', { 'ratelimit-reset': '12' }, 12_000],
    ['RateLimit-Reset since 1970', { 'ratelimit-reset': String(NOW_S + 20) }, 20_000],
    ['Retry-After before RateLimit-Reset', { 'retry-after': '2', 'ratelimit-reset': '50' }, 2_000],
    [
      'X-Rate-Limit-Reset against Date, plus a second',
      {
        'x-rate-limit-limit': '600',
        'x-rate-limit-remaining': '0',
        'x-rate-limit-reset': String(NOW_S - 600 + 40),
        date: SLOW_DATE,
      },
      41_000,
    ],
    ['X-Rate-Limit-Reset without Date', { 'x-rate-limit-reset': String(NOW_S + 9) }, 10_000],
    ['X-Rate-Limit-Reset gone by', { 'x-rate-limit-reset': String(NOW_S - 9), date: DATE }, 1_000],
    [
      'X-Rate-Limit-Reset of a limit on calls at once',
      { 'x-rate-limit-limit': '0', 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': String(NOW_S + 60) },
      undefined,
    ],
    [
      'X-RateLimit-RetryAfter since 1970',
      { 'x-ratelimit-retryafter': String(NOW_S + 25), date: DATE },
      25_000,
    ],
    ['X-RateLimit-RetryAfter gone by', { 'x-ratelimit-retryafter': String(NOW_S - 25) }, 1_000],
  ])('%s', (_, headers, expected) => {
    expect(waitAfterRefusal(headers, NOW_MS)).toBe(expected);
  });
});

describe('waitForPoints', () => {
  it.each([
    ['enough for another call', { left: 20, spent: 20, resetMs: 5_000 }, undefined],
    ['too few for another call', { left: 19, spent: 20, resetMs: 5_000 }, 5_000],
    ['none, and calls are free', { left: 0, spent: 0, resetMs: 5_000 }, 5_000],
    ['a reset at once: at least a second', { left: 0, spent: 1, resetMs: 0 }, MIN_WAIT_MS],
    ['a reset in a year: an hour', { left: 0, spent: 1, resetMs: 31_536_000_000 }, MAX_WAIT_MS],
  ])('%s', (_, points, expected) => {
    expect(waitForPoints(points)).toBe(expected);
  });
});

describe('waitAfterLast', () => {
  it.each<[string, LimitHeaders, number | undefined]>([
    ['nothing said', {}, undefined],
    ['some left', { 'ratelimit-remaining': '1', 'ratelimit-reset': '3' }, undefined],
    ['none left, relative reset', { 'ratelimit-remaining': '0', 'ratelimit-reset': '3' }, 3_000],
    ['none left, no reset', { 'ratelimit-remaining': '0' }, undefined],
    [
      'none left, X-RateLimit-RetryAfter since 1970',
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-retryafter': String(NOW_S + 25), date: DATE },
      25_000,
    ],
    ['none left, no X-RateLimit-RetryAfter', { 'x-ratelimit-remaining': '0' }, undefined],
    [
      'some left, X-RateLimit-RetryAfter',
      { 'x-ratelimit-remaining': '1', 'x-ratelimit-retryafter': '9' },
      undefined,
    ],
    [
      'none left, epoch reset',
      {
        'x-rate-limit-limit': '600',
        'x-rate-limit-remaining': '0',
        'x-rate-limit-reset': String(NOW_S + 5),
        date: DATE,
      },
      6_000,
    ],
    ['Retry-After alone is for refusals', { 'retry-after': '30' }, undefined],
  ])('%s', (_, headers, expected) => {
    expect(waitAfterLast(headers, NOW_MS)).toBe(expected);
  });
});

it('never asks for less than a second or more than an hour, whatever the headers hold', () => {
  const value = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.integer().map(String),
    fc.double().map(String),
    fc.integer({ min: NOW_S - 10_000, max: NOW_S + 10_000 }).map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  );
  const names = [
    'retry-after',
    'ratelimit-reset',
    'ratelimit-remaining',
    'date',
    'x-rate-limit-reset',
  ] as const;
  const more = ['x-rate-limit-limit', 'x-rate-limit-remaining', 'x-ratelimit-retryafter'] as const;
  const headers = fc.dictionary(fc.constantFrom(...names, ...more), value);
  fc.assert(
    fc.property(headers, (some) => {
      for (const waitMs of [waitAfterRefusal(some, NOW_MS), waitAfterLast(some, NOW_MS)]) {
        if (waitMs === undefined) continue;
        expect(waitMs).toBeGreaterThanOrEqual(MIN_WAIT_MS);
        expect(waitMs).toBeLessThanOrEqual(MAX_WAIT_MS);
      }
    }),
    { numRuns: 2_000 },
  );
});
