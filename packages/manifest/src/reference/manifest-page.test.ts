import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { renderManifestPage } from './manifest-page.js';

it('docs/manifest.md is what the schema says; `npm run docs` makes it so', () => {
  const page = readFileSync(new URL('../../../../docs/manifest.md', import.meta.url), 'utf8');
  expect(page).toBe(renderManifestPage());
});
