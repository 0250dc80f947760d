import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';
import { LIFECYCLE } from '@drover-plugins/okta-client';

const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

test('the manifest has no problem', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
});

test('each action is a declared call that writes and may be repeated; deactivating is destructive', () => {
  for (const [action, { call, word }] of Object.entries(LIFECYCLE)) {
    expect(manifest.calls.find(({ name }: { name: string }) => name === call)).toMatchObject({
      path: `/api/v1/users/{userId}/lifecycle/${word}`,
      effect: action === 'deactivate' ? 'destructive' : 'write',
      delivery: 'repeatable',
      blastRadius: expect.any(String),
    });
  }
  expect(manifest.config.properties.action.enum).toEqual(Object.keys(LIFECYCLE));
});

test('10,000 identities a run, as documented', () => {
  expect(manifest.limits.objectsPerRun.default).toBe(10_000);
  expect(manifest.accepts).toEqual([{ type: 'identity' }]);
});

test.each([
  [{ action: 'suspend' }, true],
  [{ action: 'unsuspend' }, true],
  [{ action: 'unlock', confirmDeactivate: false }, true],
  [{ action: 'deactivate', confirmDeactivate: true }, true],
  [{ action: 'deactivate', confirmDeactivate: false }, false],
  [{ action: 'deactivate' }, false],
  [{ action: 'delete' }, false],
  [{}, false],
])('the config %j: %s', (config, ok) => {
  expect(checkConfig(manifest.config, config).ok).toBe(ok);
});

test('who deactivates without saying that it is meant is told what to do', () => {
  const result = checkConfig(manifest.config, { action: 'deactivate' });
  expect(result).toMatchObject({
    problems: [
      { path: '/confirmDeactivate', message: expect.stringContaining('set confirmDeactivate to true') },
    ],
  });
});
