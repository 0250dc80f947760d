import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_MATCHED_LENGTH, patternProblem } from './pattern-cost.js';

describe('patternProblem', () => {
  it.each([
    '^[a-z]+$',
    '^[a-z][a-z0-9-]{0,62}$',
    '^https://',
    '^[^/]{1,100}/[^/]{1,100}$',
    '^(GET|POST) /[a-z]*$',
    '^[a-z]+(-[a-z]+)?$',
    '^([0-9]{1,3}\\.){3}[0-9]{2}$|^any$',
    '\\p{Lu}\\d',
    '^(?<year>\\d{4})-\\d\\d$',
    '^x{0}y$',
  ])('lets %s pass', (pattern) => {
    expect(patternProblem(pattern)).toBeUndefined();
  });

  it.each([
    ['nested repetition', '^(a+)+$'],
    ['nested repetition, lazy', '^(a+?)*?$'],
    ['the same alternative twice', '^(a|a)*$'],
    ['overlapping alternatives', '^(a|ab|b)+$'],
    ['an optional part repeated', '^(a?){40}$'],
    ['a bounded repetition repeated', '^([a-z]{1,30}){1,30}$'],
    ['three unbounded repetitions', '^.*,.*,.*$'],
    ['unanchored repetitions', '.*=.*;'],
    ['one unanchored alternative', '^a$|x*y*'],
    ['ambiguity inside a group', '^(x|(y*z*))*$'],
  ])('refuses %s', (_what, pattern) => {
    expect(patternProblem(pattern)).toMatch(/can take too long/);
  });

  it.each([
    ['a back-reference', '^(a)\\1$', /refers back/],
    ['a named back-reference', '^(?<x>a)\\k<x>$', /refers back/],
    ['looking ahead', '^(?=a)a$', /looks around/],
    ['looking behind', '^(?<!a)b$', /looks around/],
    ['an unclosed group', '^(a$', /no regular expression/],
    ['what only loose mode takes', '^\\-$', /no regular expression/],
    ['counts that multiply', '^((a{500}){500}){9}$', /can take too long/],
    ['a long pattern', `^${'a'.repeat(256)}`, /more than 256 characters/],
  ])('refuses %s', (_what, pattern, told) => {
    expect(patternProblem(pattern)).toMatch(told);
  });

  it('answers at once for patterns made to be hard to judge', () => {
    const started = performance.now();
    for (const pattern of [
      `${'('.repeat(120)}a${')*'.repeat(60)}`,
      '(a*)*'.repeat(50),
      '(a|b|c|d)?'.repeat(25),
    ]) {
      patternProblem(pattern);
    }
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('lets no pattern pass that takes long on the longest text', () => {
    const atom = fc.constantFrom('a', '[ab]', '.', 'b', '(a|b)', '(?:aa|a)', '^', '$', 'a?');
    const count = fc.constantFrom('', '', '*', '+', '?', '{1,20}', '{3}', '*?');
    const piece = fc.tuple(atom, count, fc.boolean(), count).map(([one, times, grouped, more]) => {
      const repeated = one === '^' || one === '$' ? one : one + times;
      return grouped ? `(${repeated}b?)${more}` : repeated;
    });
    const patterns = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
    const texts = ['a', 'ab', 'ba', 'aab'].map((part) =>
      `${part.repeat(MAX_MATCHED_LENGTH)}`.slice(0, MAX_MATCHED_LENGTH - 1),
    );
    fc.assert(
      fc.property(patterns, (pattern) => {
        fc.pre(patternProblem(pattern) === undefined);
        const expression = new RegExp(`${pattern}`, 'u');
        const started = performance.now();
        for (const text of texts) expression.test(`${text}!`);
        return performance.now() - started < 1_000;
      }),
      { numRuns: 400 },
    );
  });
});
