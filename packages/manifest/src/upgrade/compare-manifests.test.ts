import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { PluginManifest } from '@drover/model';
import { compareManifests } from './compare-manifests.js';

const EXAMPLE = new URL(
  '../../../../schemas/examples/valid/plugin-manifest/full-action.json',
  import.meta.url,
);
const before = JSON.parse(readFileSync(EXAMPLE, 'utf8')) as PluginManifest;

function changed(change: (manifest: PluginManifest) => void): PluginManifest {
  const manifest = structuredClone(before);
  change(manifest);
  return manifest;
}

describe('two manifests of a plugin', () => {
  it('are the same when only words and the version differ, and calls are in another order', () => {
    const after = changed((manifest) => {
      manifest.version = '2.0.0';
      manifest.description = 'Said better.';
      manifest.calls[0]!.purpose = 'doing the same';
      manifest.calls.push({ ...manifest.calls[0]!, name: 'other' });
      manifest.calls.reverse();
    });
    const same = changed((manifest) => {
      manifest.calls.push({ ...manifest.calls[0]!, name: 'other' });
    });
    expect(compareManifests(same, after)).toEqual([]);
  });

  it('differ in a limit, a call and what a call does, each by its path', () => {
    const [call] = before.calls;
    const after = changed((manifest) => {
      manifest.limits.batch.objects = 7;
      manifest.calls[0]!.effect = 'destructive';
      manifest.calls.push({ ...call!, name: 'added', path: '/v9/added' });
    });
    expect(compareManifests(before, after)).toEqual([
      { path: '/calls/added', after: expect.objectContaining({ path: '/v9/added' }) },
      { path: `/calls/${call!.name}/effect`, before: call!.effect, after: 'destructive' },
      { path: '/limits/batch/objects', before: before.limits.batch.objects, after: 7 },
    ]);
    expect(compareManifests(after, before)[0]).toEqual({
      path: '/calls/added',
      before: expect.objectContaining({ path: '/v9/added' }),
    });
  });

  it('differ in a property that has the name of a word that explains', () => {
    const after = changed((manifest) => {
      manifest.config = {
        ...manifest.config,
        properties: { description: { title: 'Description', type: 'string', maxLength: 20 } },
      };
    });
    expect(compareManifests(before, after)).toContainEqual({
      path: '/config/properties/description',
      after: { type: 'string', maxLength: 20 },
    });
  });

  it('differ in a list as a whole', () => {
    const after = changed((manifest) => {
      manifest.triggers = ['manual'];
    });
    expect(compareManifests(before, after)).toEqual([
      { path: '/triggers', before: JSON.stringify(before.triggers), after: '["manual"]' },
    ]);
  });
});
