import { describe, expect, test } from '@jest/globals';
import { requestDigest } from './request-digest.js';

const BODY = { at: 1, list: [{ at: 2, keep: 'a' }], 'a/b~c': 3 };

function digest(value: unknown, volatile: string[] = [], changes: { path?: string; baseUrl?: string } = {}) {
  const { path = '/v1/things', baseUrl = 'https://a.example' } = changes;
  const body = value === undefined ? {} : { body: { contentType: 'application/json', value } };
  return requestDigest({ method: 'POST', path, ...body }, { call: 'change', baseUrl, volatile });
}

describe('the digest of a request', () => {
  test('does not depend on the order of keys, and does on everything else', () => {
    const same = digest(BODY);
    expect(digest({ 'a/b~c': 3, list: BODY.list, at: 1 })).toBe(same);
    const others = [
      digest({ ...BODY, at: 2 }),
      digest(undefined),
      digest(BODY, [], { path: '/v1/others' }),
      digest(BODY, [], { baseUrl: 'https://b.example' }),
    ];
    expect(new Set([same, ...others]).size).toBe(5);
  });

  test.each([
    ['/at', { ...BODY, at: 9 }],
    ['/list/0/at', { ...BODY, list: [{ at: 9, keep: 'a' }] }],
    ['/a~1b~0c', { ...BODY, 'a/b~c': 9 }],
  ])('leaves out %s, and only that', (pointer, changed) => {
    expect(digest(changed)).not.toBe(digest(BODY));
    expect(digest(changed, [pointer])).toBe(digest(BODY, [pointer]));
    expect(digest({ ...changed, other: 1 }, [pointer])).not.toBe(digest(BODY, [pointer]));
  });

  test('takes no harm from pointers that lead nowhere', () => {
    const nowhere = ['/nothing', '/list/7/at', '/list/length', '/at/deeper'];
    expect(digest(BODY, nowhere)).toBe(digest(BODY));
    expect(digest('text', nowhere)).toBe(digest('text'));
  });
});
