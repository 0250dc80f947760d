import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { PluginCache } from './plugin-cache.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const HOUR = 3_600_000;

test('a value is kept for its time, as a copy', () => {
  const cache = new PluginCache({ maxBytes: 1_000 });
  const value = { list: [1] };
  cache.set('key', value, { ttlMs: 1_000 });
  value.list.push(2);
  expect(cache.get('key')).toEqual({ list: [1] });
  jest.advanceTimersByTime(1_001);
  expect(cache.get('key')).toBeUndefined();
});

test('no value is kept for more than a day', () => {
  const cache = new PluginCache({ maxBytes: 1_000 });
  cache.set('key', 1, { ttlMs: 1_000 * HOUR });
  jest.advanceTimersByTime(24 * HOUR - 1);
  expect(cache.get('key')).toBe(1);
  jest.advanceTimersByTime(2);
  expect(cache.get('key')).toBeUndefined();
});

test('the least recently used entry leaves first', () => {
  const cache = new PluginCache({ maxBytes: 1_000 });
  const text = 'x'.repeat(150);
  for (const key of ['a', 'b', 'c']) cache.set(key, text, { ttlMs: HOUR });
  expect(cache.get('a')).toBe(text);
  cache.set('d', text, { ttlMs: HOUR });
  expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true, true]);
});

test('many small entries do not outgrow it', () => {
  const cache = new PluginCache({ maxBytes: 10_000 });
  for (let key = 0; key < 1_000; key += 1) cache.set(String(key), 0, { ttlMs: HOUR });
  const kept = Array.from({ length: 1_000 }, (_, key) => cache.get(String(key))).filter(
    (value) => value === 0,
  );
  expect(kept.length).toBeLessThanOrEqual(100);
  expect(kept.length).toBeGreaterThan(50);
});

test('a value over the whole is not kept, and what it replaces is gone', () => {
  const cache = new PluginCache({ maxBytes: 1_000 });
  cache.set('key', 'small', { ttlMs: HOUR });
  cache.set('key', 'x'.repeat(2_000), { ttlMs: HOUR });
  expect(cache.get('key')).toBeUndefined();
  cache.set('other', 1, { ttlMs: 0 });
  expect(cache.get('other')).toBeUndefined();
});

test('a deleted entry is gone', () => {
  const cache = new PluginCache({ maxBytes: 1_000 });
  cache.set('key', 1, { ttlMs: HOUR });
  cache.delete('key');
  expect(cache.get('key')).toBeUndefined();
});
