import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

beforeAll(async () => {
  const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
  await run(process.execPath, [tsc, '-b', root]);
}, 60_000);

test('what plugins can import is what api-surface.txt says', async () => {
  const { stdout } = await run(process.execPath, [join(root, 'scripts/api-surface.mjs')]);
  const reviewed = await readFile(join(root, 'api-surface.txt'), 'utf8');
  // A difference is a change of the plugin contract: when it is meant, `npm run api-surface` writes it down.
  expect(stdout).toBe(reviewed);
});

test('the surface names every export with a signature', async () => {
  const sdk = await import('./index.js');
  const reviewed = await readFile(join(root, 'api-surface.txt'), 'utf8');
  for (const name of Object.keys(sdk))
    expect(reviewed).toMatch(new RegExp(`^(function|class) ${name}\\b`, 'm'));
});
