import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { CONFORMANCE_COLUMNS, conformanceRowsOf, namedTestsIn } from './conformance-rows.js';
import { testTitlesIn } from './test-titles.js';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const PAGE = join(ROOT, 'docs/vendors.md');
const HERE = fileURLToPath(import.meta.url);
const STATUS = /^(as documented|(different|not applicable), because \S.*\w)$/;

const page = readFileSync(PAGE, 'utf8');
const rows = conformanceRowsOf(page).map((row) => ({ ...row, what: row.cells[0]!.slice(0, 60) }));
const titles = new Map<string, Set<string>>();

/** What is wrong with a test that a row names, if anything. */
function problemOf({ title, path }: { title: string; path: string }): string[] {
  const file = join(dirname(PAGE), path);
  if (!existsSync(file)) return [`${path} does not exist`];
  const known = titles.get(file) ?? testTitlesIn(file);
  titles.set(file, known);
  return known.has(title) ? [] : [`${path} has no test "${title}"`];
}

describe('the conformance tables', () => {
  it('are there for each of the five documents', () => {
    const sections = page.split(/^## /m).slice(1);
    const filled = sections.filter((section) => conformanceRowsOf(section).length > 0);
    expect(filled.map((section) => section.slice(0, section.indexOf('\n')))).toHaveLength(5);
  });

  it.each(rows)('line $line has every cell, and a status that gives its reason: $what', ({ cells }) => {
    expect(cells).toHaveLength(CONFORMANCE_COLUMNS.length);
    expect(cells.filter((cell) => cell === '')).toEqual([]);
    expect(cells[2]).toMatch(STATUS);
  });

  it.each(rows)('line $line names tests that exist: $what', ({ cells }) => {
    const [, , status, shownBy] = cells as [string, string, string, string];
    const tests = namedTestsIn(shownBy);
    expect(tests.flatMap(problemOf)).toEqual([]);
    // What does not apply or is not there has nothing to show; everything else has, and nothing but tests.
    if (/^not applicable|not built yet/.test(status) && shownBy === 'nothing to show') return;
    expect(tests).not.toEqual([]);
    expect(shownBy.replace(/\[(?:\\.|[^\]\\])+\]\([^)\s]+\)/g, '')).toMatch(/^(, )*$/);
  });
});

describe('what the check is made of', () => {
  it('reads titles of tests and names of cases', () => {
    const known = testTitlesIn(HERE);
    expect(known).toContain('reads titles of tests and names of cases');
    expect(known).toContain('line $line names tests that exist: $what');
    expect(known).toContain('a case');
    expect(known).not.toContain('no title');
  });

  it.each([{ name: 'a case', other: 'no title' }])('knows rows by the heads of their columns: $name', () => {
    const table = (heads: string) => `| ${heads} |\n| - | - | - | - |\n| a | b \\| c |  | d |\n\ntext`;
    expect(conformanceRowsOf(table(CONFORMANCE_COLUMNS.join(' | ')))).toEqual([
      { line: 3, cells: ['a', 'b \\| c', '', 'd'] },
    ]);
    expect(conformanceRowsOf(table('w | x | y | z'))).toEqual([]);
  });

  it('reads the tests of a cell', () => {
    expect(namedTestsIn('[one](../a.test.ts), [a \\[b\\] c](../b.test.ts)')).toEqual([
      { title: 'one', path: '../a.test.ts' },
      { title: 'a [b] c', path: '../b.test.ts' },
    ]);
  });

  it('finds files and titles that do not exist', () => {
    expect(problemOf({ title: 'no title', path: relative(dirname(PAGE), HERE) })).toHaveLength(1);
    expect(problemOf({ title: 'a case', path: 'no.test.ts' })).toEqual(['no.test.ts does not exist']);
  });
});
