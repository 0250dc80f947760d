import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePattern } from './parse-pattern.js';

function valuesOf(pattern: string): string[] | string {
  const parsed = parsePattern(pattern);
  if (!parsed.ok) return `${parsed.kind}: ${parsed.reason}`;
  return parsed.comparisons.map(({ observable, path, value }) => `${observable}:${path.join('/')}=${value}`);
}

describe('parsePattern', () => {
  test.each([
    ["[url:value = 'https://example.com/']", ['url:value=https://example.com/']],
    ["[ file:hashes.'SHA-256'='ab' ]", ['file:hashes/SHA-256=ab']],
    ["[file:hashes.MD5 == 'ab']", ['file:hashes/MD5=ab']],
    ["[mutex:name = 'it\\'s \\\\ here']", ["mutex:name=it's \\ here"]],
    ["[a:b = 'x' OR a:b = 'y' OR c:d = 'z']", ['a:b=x', 'a:b=y', 'c:d=z']],
    ["[a:b = 'x'] OR [c:d = 'y']", ['a:b=x', 'c:d=y']],
    ["([a:b = 'x'] OR ([c:d = 'y']))", ['a:b=x', 'c:d=y']],
    ["[(a:b = 'x' OR (c:d = 'y'))]", ['a:b=x', 'c:d=y']],
    ["[a:b IN ('x', 'y')]", ['a:b=x', 'a:b=y']],
    ['[autonomous-system:number = 64496]', ['autonomous-system:number=64496']],
    ["/* why */ [a:b = 'x'] // end", ['a:b=x']],
    ["[email-message:from_ref.value = 'a@example.com']", ['email-message:from_ref/value=a@example.com']],
    ["[x:list[*].name = 'n']", ['x:list/[]/name=n']],
    ["[url:value = 'a OR b] [']", ['url:value=a OR b] [']],
  ])('%s', (pattern, values) => {
    expect(valuesOf(pattern)).toEqual(values);
  });

  test.each([
    ["[a:b = 'x' AND c:d = 'y']", 'AND between comparisons'],
    ["[a:b = 'x'] AND [c:d = 'y']", 'AND between observations'],
    ["[a:b = 'x'] FOLLOWEDBY [c:d = 'y']", 'FOLLOWEDBY'],
    ["[a:b = 'x'] WITHIN 5 SECONDS", 'WITHIN'],
    ["[a:b = 'x'] REPEATS 2 TIMES", 'REPEATS'],
    ["[a:b = 'x'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'", 'START … STOP'],
    ["[a:b != 'x']", 'the operator !='],
    ['[a:b > 5]', 'the operator >'],
    ["[a:b LIKE 'x%']", 'the operator LIKE'],
    ["[a:b MATCHES '^x']", 'the operator MATCHES'],
    ["[ipv4-addr:value ISSUBSET '192.0.2.0/24']", 'the operator ISSUBSET'],
    ["[a:b NOT = 'x']", 'NOT'],
    ["[NOT a:b = 'x']", 'NOT'],
    ['[EXISTS a:b]', 'EXISTS'],
    ["[a:b = t'2026-01-01T00:00:00Z']", 'binary and time values'],
    ["[a:b = h'ffc3']", 'binary and time values'],
    ["[a:b = 'x' OR (c:d = 'y' AND e:f = 'z')]", 'AND between comparisons'],
  ])('%s is not supported', (pattern, what) => {
    expect(valuesOf(pattern)).toBe(`unsupported: A pattern with ${what} names no single value to import.`);
  });

  test.each([
    ['', 'At character 1 "[" is expected, but the pattern ends.'],
    ["a:b = 'x'", 'At character 1 "[" is expected, but there is "a".'],
    ["[a:b = 'x'", 'At character 11 "]" is expected, but the pattern ends.'],
    ["[a:b = 'x]", 'The pattern has a text that is not closed or has a bad escape at character 8.'],
    ["[a:b = 'x\\y']", 'The pattern has a text that is not closed or has a bad escape at character 8.'],
    ['[a:b = ]', 'At character 8 a value is expected, but there is "]".'],
    ["[a = 'x']", 'At character 4 ":" is expected, but there is "=".'],
    ["[a:b 'x']", 'At character 6 an operator is expected, but there is "x".'],
    [
      "[a:b = 'x'] [c:d = 'y']",
      'At character 13 the end or a word between observations is expected, but there is "[".',
    ],
    ["[a:b = 'x' and c:d = 'y']", 'At character 12 "]" is expected, but there is "and".'],
    ["[a:b = 'x'] WITHIN SECONDS", 'At character 20 a number is expected, but there is "SECONDS".'],
    ['[a:b IN ()]', 'At character 10 a value is expected, but there is ")".'],
    ['[a:b = #]', 'The pattern has "#" at character 8.'],
  ])('%j is broken', (pattern, reason) => {
    expect(valuesOf(pattern)).toBe(`invalid: ${reason}`);
  });

  test('deep nesting is refused, not followed', () => {
    expect(valuesOf('('.repeat(100_000))).toMatch(/^unsupported: The pattern has more than 32 parentheses/);
  });

  test('never throws, and quotes any text back', () => {
    const pieces = [
      '[',
      ']',
      '(',
      ')',
      "'",
      '\\',
      'a:b',
      '=',
      "'x'",
      'OR',
      'AND',
      'IN',
      ',',
      'NOT',
      '5',
      ' ',
      't',
      '/*',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), (chosen) => {
        parsePattern(chosen.join(''));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
        expect(parsePattern(`[a:b = '${escaped}']`)).toEqual({
          ok: true,
          comparisons: [{ observable: 'a', path: ['b'], value: text }],
        });
      }),
    );
  });
});
