import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';
import { IMPACT_RANGE } from '@drover-plugins/netskope-client';

const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

test('the manifest has no problem', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
});

test('an impact is sent once, and differs from its plan in its time only', () => {
  const { delivery, effect } = manifest.calls.find(({ name }: { name: string }) => name === 'createImpact');
  expect([delivery, effect, manifest.volatile]).toEqual(['once', 'write', ['/timestamp']]);
});

test('the documented defaults', () => {
  const defaults = {
    score: 100,
    useAttribute: false,
    source: 'Drover',
    reason: 'login failed too many times',
  };
  expect(checkConfig(manifest.config, {})).toEqual({ ok: true, config: defaults });
});

test.each([
  [{ score: IMPACT_RANGE.least }, true],
  [{ score: IMPACT_RANGE.most }, true],
  [{ score: IMPACT_RANGE.least - 1 }, false],
  [{ score: IMPACT_RANGE.most + 1 }, false],
  [{ source: ' ' }, false],
  [{ reason: '' }, false],
])('the config %j: %s', (config, ok) => {
  expect(checkConfig(manifest.config, config).ok).toBe(ok);
});

test('identities and e-mail addresses, 1,000 objects a run unless told otherwise', () => {
  expect(manifest).toMatchObject({
    accepts: [{ type: 'identity' }, { type: 'indicator', subtypes: ['Email Address'] }],
    limits: { objectsPerRun: { default: 1_000 } },
  });
});
