import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';
import { closingCategoryOf, CLOSING_CATEGORIES } from '@drover-plugins/palo-alto-saas-security-client';

const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

test('the manifest has no problem', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
});

test('the categories are those that can be written', () => {
  const codes = manifest.config.properties.category.enum.map(closingCategoryOf);
  expect(codes.toSorted()).toEqual([...CLOSING_CATEGORIES].toSorted());
});

test('closing is destructive, since the API cannot open again, and may be repeated', () => {
  expect(manifest.calls.find(({ name }: { name: string }) => name === 'closeIncident')).toMatchObject({
    effect: 'destructive',
    delivery: 'repeatable',
    blastRadius: expect.stringContaining('no way to open it again'),
  });
});

test.each([
  [{ category: 'No Reason' }, true],
  [{ fromAttributes: true }, true],
  [{ fromAttributes: true, stateAttribute: 'Case', categoryAttribute: 'Why' }, true],
  [{}, false],
  [{ fromAttributes: false }, false],
  [{ category: 'no_reason' }, false],
  [{ category: 'Dismiss' }, false],
])('the config %j: %s', (config, ok) => {
  expect(checkConfig(manifest.config, config).ok).toBe(ok);
});
