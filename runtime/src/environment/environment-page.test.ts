import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { renderEnvironmentPage } from './environment-page.js';

it('docs/environment.md says what the variables say; "npm run docs" writes it', async () => {
  const page = await readFile(new URL('../../../docs/environment.md', import.meta.url), 'utf8');
  expect(page).toBe(renderEnvironmentPage());
});
