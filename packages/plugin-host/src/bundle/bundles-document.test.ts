import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { BUNDLE_LIMITS } from '@drover/model';
import type { BrokenBundleRecipe } from '@drover/testing';

const ROOT = new URL('../../../../', import.meta.url);
const MUSEUM = new URL('packages/plugin-host/museum/', ROOT);

const document = await readFile(new URL('docs/bundles.md', ROOT), 'utf8');

/** The cells of the table rows below a heading, without the table's own heading. */
function rowsBelow(heading: string): string[][] {
  const section = document.split(`## ${heading}\n`)[1]!.split('\n## ')[0]!;
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

it('lists every piece of the museum with what is wrong and its code', async () => {
  const defects = (await readdir(MUSEUM)).toSorted();
  const pieces = await Promise.all(
    defects.map(async (defect) => {
      const recipe = await readFile(new URL(`${defect}/recipe.json`, MUSEUM), 'utf8');
      const { about, code } = JSON.parse(recipe) as BrokenBundleRecipe;
      return [`\`${defect}\``, about, `\`${code}\``];
    }),
  );
  expect(rowsBelow('What is refused')).toEqual(pieces);
});

it('names the limits that are in force', () => {
  const mib = (bytes: number): string => `${bytes / 1024 / 1024} MiB`;
  const { zipBytes, files, fileBytes, totalBytes, jsonBytes, ratio } = BUNDLE_LIMITS;
  expect(rowsBelow('Limits').map(([, value]) => value)).toEqual([
    mib(zipBytes),
    String(files),
    mib(fileBytes),
    mib(totalBytes),
    mib(jsonBytes),
    String(ratio),
  ]);
});
