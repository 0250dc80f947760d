import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';

const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

test('the manifest has no problem', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
});

test('a config needs the name of the list, and has the documented defaults', () => {
  expect(checkConfig(manifest.config, { urlListName: 'Blocked' })).toEqual({
    ok: true,
    config: { urlListName: 'Blocked', clearOnManualRun: true, applyPendingChanges: false },
  });
  expect(checkConfig(manifest.config, {}).ok).toBe(false);
});

test('FQDN and URL, 1,000 objects a run unless told otherwise', () => {
  expect(manifest).toMatchObject({
    accepts: [{ type: 'indicator', subtypes: ['FQDN', 'URL'] }],
    limits: { objectsPerRun: { default: 1_000 } },
  });
});
