import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { renderCliPage } from './cli-page.js';

it('docs/cli.md says what the commands say; "npm run docs" writes it', async () => {
  const page = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
  expect(page).toBe(renderCliPage());
});
