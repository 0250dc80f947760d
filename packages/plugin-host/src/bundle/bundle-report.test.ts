import { describe, expect, it } from '@jest/globals';
import { goodBundle, goodBundleManifest, goodPluginManifest } from '@drover/testing';
import { verifyBundle } from './bundle-report.js';
import { bundleDigest } from './bundle-digest.js';

describe('verifyBundle', () => {
  it('says what the bundle holds and would be allowed to do', async () => {
    const zip = goodBundle();
    const report = await verifyBundle(zip, { droverVersion: '0.1.0' });
    const { limits, accepts, triggers } = goodPluginManifest('tag-host');
    expect(report).toEqual({
      digest: bundleDigest(zip),
      size: zip.length,
      bundle: goodBundleManifest(),
      plugins: ['tag-host', 'untag-host'].map((folder) => ({
        pluginId: `acme.${folder}`,
        version: '1.0.0',
        name: `Acme ${folder}`,
        kind: 'action',
        engines: '>=0.1.0 <99.0.0',
        protocol: 1,
        accepts,
        emits: [],
        triggers,
        limits,
        calls: [
          {
            name: 'setTag',
            request: 'POST /v1/tags',
            purpose: 'setting the tag',
            effect: 'write',
            delivery: 'repeatable',
            blastRadius: 'The tag is seen by everybody who works with the host.',
          },
        ],
        hosts: { from: 'connection', preset: ['https://api.example.com'] },
        secrets: ['token'],
      })),
    });
  });

  it('refuses what an install refuses', async () => {
    await expect(verifyBundle(goodBundle(), { droverVersion: '99.0.0' })).rejects.toMatchObject({
      code: 'ENGINE_MISMATCH',
    });
  });
});
