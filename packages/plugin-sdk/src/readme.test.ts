import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import * as sdk from './index.js';
import { HOOK_NAMES } from './wire.js';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');

test('the README knows every hook and every value that plugins import', () => {
  const missing = [...HOOK_NAMES, ...Object.keys(sdk)].filter(
    (name) => !readme.includes(name) && name !== 'isFault',
  );
  expect(missing).toEqual([]);
});

test('the example imports what there is', () => {
  const imported = /import \{ (.+) \} from '@drover\/plugin-sdk'/.exec(readme)![1]!.split(', ');
  expect(Object.keys(sdk)).toEqual(expect.arrayContaining(imported));
});

test('the example’s manifest declares the calls that its code makes', () => {
  const manifest = JSON.parse(/```json\n([\s\S]+?)```/.exec(readme)![1]!) as { calls: { name: string }[] };
  const [inFull] = readme.split('\n## Hooks');
  const made = [...inFull!.matchAll(/context\.call(?:<.+?>)?\('(\w+)'/g)].map(([, name]) => name);
  expect(manifest.calls.map(({ name }) => name)).toEqual([...new Set(made)]);
});
