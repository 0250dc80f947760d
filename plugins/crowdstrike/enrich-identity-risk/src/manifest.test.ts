import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';

const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

test('the manifest has no problem', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
});

test('every call only reads', () => {
  expect(new Set(manifest.calls.map(({ effect }: { effect: string }) => effect))).toEqual(new Set(['read']));
});

test.each([
  [{}, { poorUpTo: 350, moderateUpTo: 650 }],
  [
    { poorUpTo: 0, moderateUpTo: 999 },
    { poorUpTo: 0, moderateUpTo: 999 },
  ],
])('the config %j is %j', (config, expected) => {
  expect(checkConfig(manifest.config, config)).toEqual({ ok: true, config: expected });
});

test.each([{ poorUpTo: -1 }, { poorUpTo: 999 }, { moderateUpTo: 1_000 }, { poorUpTo: 1.5 }, { goodUpTo: 1 }])(
  'the config %j is refused',
  (config) => {
    expect(checkConfig(manifest.config, config).ok).toBe(false);
  },
);

test.each(['fetch-identity-risk', 'preview-score-bands'])('%s asks for the same connection', (folder) => {
  const other = JSON.parse(readFileSync(new URL(`../../${folder}/plugin.json`, import.meta.url), 'utf8'));
  expect(other.connection).toEqual(manifest.connection);
});
