import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';
import { MAX_HASH_LIST_BYTES } from '@drover-plugins/netskope-client';

const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

test('the manifest has no problem', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
});

test('runs by hand only, over the whole collection, and waits for a slow answer', () => {
  expect(manifest).toMatchObject({ triggers: ['manual'], limits: { scope: 'whole' } });
  expect(manifest.calls[0].timeoutMs).toBeGreaterThan(125_000);
  expect(manifest.limits.timeoutMs).toBeGreaterThan(3 * manifest.calls[0].timeoutMs);
});

test('no cap stands in the way of a collection that fits into a list', () => {
  const { objectsPerRun } = manifest.limits;
  expect(objectsPerRun.default).toBeGreaterThan(MAX_HASH_LIST_BYTES / 33);
});

test('a config needs the name of the profile', () => {
  expect(checkConfig(manifest.config, { fileProfileName: 'Hashes' }).ok).toBe(true);
  expect(checkConfig(manifest.config, {}).ok).toBe(false);
});

test('takes MD5 and SHA-256', () => {
  expect(manifest.accepts).toEqual([{ type: 'indicator', subtypes: ['MD5', 'SHA-256'] }]);
});
