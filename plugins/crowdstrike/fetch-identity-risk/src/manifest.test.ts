import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';
import { MAX_PAGE } from '@drover-plugins/crowdstrike-client';

const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

test('the manifest has no problem', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
});

test('a page of the vendor fits into a page of the feed', () => {
  expect(manifest.limits.batch.objects).toBe(MAX_PAGE);
});

test('the initial range is seven days unless the config says otherwise', () => {
  const defaults = { initialRangeDays: 7, poorUpTo: 350, moderateUpTo: 650 };
  expect(checkConfig(manifest.config, {})).toEqual({ ok: true, config: defaults });
  expect(checkConfig(manifest.config, { initialRangeDays: 0 }).ok).toBe(true);
  for (const initialRangeDays of [-1, 1.5, '7']) {
    expect(checkConfig(manifest.config, { initialRangeDays }).ok).toBe(false);
  }
});
