import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SeenKeys } from './seen-keys.js';

describe('SeenKeys', () => {
  test('knows exactly what it was given', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 4 })), fc.integer(), (keys, seed) => {
        const seen = new SeenKeys({ seed });
        const known = new Set<string>();
        for (const key of keys) {
          expect(seen.has(key)).toBe(known.has(key));
          expect(seen.add(key)).toBe(!known.has(key));
          known.add(key);
        }
      }),
    );
  });

  test('grows over many keys without losing or mixing up one', () => {
    const seen = new SeenKeys();
    const keys = Array.from({ length: 200_000 }, (_, at) => `host${at}.example.com`);
    expect(keys.filter((key) => seen.add(key))).toHaveLength(keys.length);
    expect(keys.filter((key) => seen.add(key))).toHaveLength(0);
    expect(seen.has('host200000.example.com')).toBe(false);
  });

  test('when full, keeps what it knows and calls everything else new', () => {
    const seen = new SeenKeys({ mostSlots: 4_096 });
    for (let at = 0; at < 10_000; at++) seen.add(`key ${at}`);
    expect(seen.add('key 0')).toBe(false);
    expect(seen.add('key 9999')).toBe(true);
    expect(seen.add('key 9999')).toBe(true);
  });
});
