import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { isId, newId } from './ids.js';

afterEach(() => void jest.restoreAllMocks());

describe('newId', () => {
  it('makes UUIDs of version 7 behind the prefix of their kind', () => {
    const id = newId('object');
    expect(id).toMatch(/^obj_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    expect(isId('object', id)).toBe(true);
    const msecs = Number.parseInt(id.slice('obj_'.length, 'obj_'.length + 12), 16);
    expect(Math.abs(msecs - Date.now())).toBeLessThan(60_000);
  });

  it('makes them in ascending order, however many in a millisecond and wherever the clock goes', () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now');
    const ids = [now, now + 1, now - 1_000, now + 2].flatMap((time) => {
      clock.mockReturnValue(time);
      return Array.from({ length: 1_000 }, () => newId('object'));
    });
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('ends each with random bytes of its own', () => {
    const tails = Array.from({ length: 1_000 }, () => newId('object').slice(-12));
    expect(new Set(tails).size).toBe(tails.length);
  });
});
