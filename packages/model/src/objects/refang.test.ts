import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { refang } from './refang.js';

describe('refang', () => {
  test.each([
    ['hxxps://evil[.]example/a', 'https://evil.example/a'],
    ['hXXp://evil[.]example', 'http://evil.example'],
    ['HXXPS://evil[.]example', 'https://evil.example'],
    ['h**p://evil.example', 'http://evil.example'],
    ['hxxp[:]//evil.example', 'http://evil.example'],
    ['hxxps[://]evil[.]example[/]path', 'https://evil.example/path'],
    ['https[:]//evil.example', 'https://evil.example'],
    ['fxp://files[.]example', 'ftp://files.example'],
    ['fxps://files[.]example', 'ftps://files.example'],
    ['192.0.2[.]4', '192.0.2.4'],
    ['192[.]0[.]2[.]0/24', '192.0.2.0/24'],
    ['2001[:]db8[:][:]1', '2001:db8::1'],
    ['user[@]example.com', 'user@example.com'],
    ['user[at]example(dot)com', 'user@example.com'],
    ['user(at)example{.}com', 'user@example.com'],
    ['evil[DOT]example', 'evil.example'],
    ['evil(.)example', 'evil.example'],
    ['evil{dot}example', 'evil.example'],
    ['evil[[.]]example', 'evil.example'],
    ['hxxps://evil[.]example/file[.]php', 'https://evil.example/file.php'],
  ])('%s becomes %s', (defanged, live) => {
    expect(refang(defanged)).toBe(live);
  });

  test.each([
    'https://example.com/users(at)home/{dot}?q=(.)#[at]',
    'http://[2001:db8::1]/x',
    'http://[::]/',
    'see hxxp://example.com',
    ' hxxp without its slashes ',
    'a [. ] b',
    'plain text',
    '',
  ])('leaves %j as it is', (live) => {
    expect(refang(live)).toBe(live);
  });

  test('twice is once, for any mixture of marks', () => {
    const pieces = [
      '[',
      ']',
      '(',
      ')',
      '{',
      '}',
      '.',
      ':',
      '@',
      '/',
      '?',
      'dot',
      'at',
      '://',
      'hxxp',
      's',
      'a',
      ' ',
    ];
    const piece = fc.constantFrom(...pieces);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (chosen) => {
        const once = refang(chosen.join(''));
        expect(refang(once)).toBe(once);
      }),
      { numRuns: 3_000 },
    );
  });

  test('a long row of brackets takes no longer per character than a short one', () => {
    const startedAt = performance.now();
    for (const mark of ['[', ']', '[.]', '[[.]', '(', ' ', 'h', '[://']) refang(mark.repeat(50_000));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
