import { expect, test } from '@jest/globals';
import { parseUntrustedJson } from './json-guard.js';

const parse = (text: string) => parseUntrustedJson(Buffer.from(text));

test('data comes through as it is', () => {
  const data = { list: [1, 'two', null, { three: true }], constructor: 'a word like any other' };
  expect(parse(JSON.stringify(data))).toEqual(data);
});

test.each([
  ['no JSON', '{"open":', 'no JSON'],
  ['a key that changes prototypes', '[{"a":{"__proto__":{"admin":true}}}]', '__proto__'],
  ['the same key in escapes', '{"\\u005f_proto__":1}', '__proto__'],
  ['data nested deeper than 64 levels', `${'['.repeat(65)}${']'.repeat(65)}`, 'deeper than 64'],
  ['over a million objects', `[${'{},'.repeat(1_000_000)}{}]`, 'over 1000000 objects'],
])('%s is refused', (_what, text, words) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ code: 'PLUGIN_CONTRACT', message: expect.stringContaining(words) }),
  );
});

test('64 levels are fine', () => {
  expect(() => parse(`${'['.repeat(64)}${']'.repeat(64)}`)).not.toThrow();
});
