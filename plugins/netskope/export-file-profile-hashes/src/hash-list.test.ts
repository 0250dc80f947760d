import { expect, test } from '@jest/globals';
import { pluginObject } from '@drover/testing';
import { HashList } from './hash-list.js';

const md5 = (digit: string) => pluginObject({ id: `md5-${digit}`, subtype: 'MD5', value: digit.repeat(32) });
const sha = (digit: string) =>
  pluginObject({ id: `sha-${digit}`, subtype: 'SHA-256', value: digit.repeat(64) });

function fill(maxBytes: number, objects: ReturnType<typeof md5>[]) {
  const list = new HashList(maxBytes);
  const refused = objects.flatMap((object) => {
    const reason = list.add(object);
    return reason === undefined ? [] : [`${object.id} ${reason.code}`];
  });
  return { list, refused, text: [...list.hashes].join(',') };
}

test('keeps the order of the objects, each hash once, in lower case', () => {
  const upper = pluginObject({ id: 'upper', subtype: 'MD5', value: 'A'.repeat(32) });
  const { list, text, refused } = fill(1_000, [sha('b'), upper, md5('a')]);
  expect(text).toBe(`${'b'.repeat(64)},${'a'.repeat(32)}`);
  expect([...list.objectIds(2)]).toEqual([['sha-b', 'upper'], ['md5-a']]);
  expect(refused).toEqual([]);
});

test.each([
  [97, 'sha-a,md5-b', []],
  [96, 'sha-a', ['md5-b LIST_FULL']],
  [64, 'sha-a', ['md5-b LIST_FULL']],
  [63, '', ['sha-a LIST_FULL', 'md5-b LIST_FULL']],
])('in %d bytes there is room for: %s', (maxBytes, taken, refused) => {
  const filled = fill(maxBytes, [sha('a'), md5('b')]);
  expect([...filled.list.objectIds(10)].flat().join(',')).toBe(taken);
  expect(filled.refused).toEqual(refused);
  expect(filled.text.length).toBeLessThanOrEqual(maxBytes);
});

test('what does not fit closes the list: nothing smaller slips in behind, but a hash that is in it', () => {
  const { refused, text } = fill(100, [md5('a'), sha('b'), sha('c'), md5('d'), md5('a')]);
  expect(text.split(',')).toHaveLength(2);
  expect(refused).toEqual(['sha-c LIST_FULL', 'md5-d LIST_FULL']);
});

test.each([
  ['MD5', 'a'.repeat(31)],
  ['MD5', 'a'.repeat(64)],
  ['MD5', `${'a'.repeat(31)}g`],
  ['MD5', `${'a'.repeat(31)},`],
  ['SHA-256', 'a'.repeat(32)],
  ['SHA-256', ''],
  ['SHA-1', 'a'.repeat(40)],
])('%s %s is refused', (subtype, value) => {
  const object = pluginObject({ id: 'x', subtype, value });
  expect(new HashList(1_000).add(object)).toMatchObject({
    code: 'HASH_MALFORMED',
    message: expect.stringContaining(subtype),
  });
});
