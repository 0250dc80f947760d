import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';
import { MAX_USERS_PER_CALL } from '@drover-plugins/netskope-client';

const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

test('the manifest has no problem', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
});

test('a batch fits into one call, and every call only reads', () => {
  expect(manifest.limits.batch.objects).toBe(MAX_USERS_PER_CALL);
  expect(manifest.calls.map(({ effect }: { effect: string }) => effect)).toEqual(['read', 'read']);
});

test.each([
  [{}, true],
  [{ daysToSearch: 1 }, true],
  [{ daysToSearch: 365 }, true],
  [{ daysToSearch: 0 }, false],
  [{ daysToSearch: 366 }, false],
  [{ daysToSearch: 1.5 }, false],
])('the config %j: %s', (config, ok) => {
  expect(checkConfig(manifest.config, config).ok).toBe(ok);
});

test('seven days are searched unless the config says otherwise', () => {
  expect(checkConfig(manifest.config, {})).toEqual({ ok: true, config: { daysToSearch: 7 } });
});

test('identities and e-mail addresses, 1,000 objects a run unless told otherwise', () => {
  expect(manifest).toMatchObject({
    accepts: [{ type: 'identity' }, { type: 'indicator', subtypes: ['Email Address'] }],
    limits: { objectsPerRun: { default: 1_000 } },
  });
});
