import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isFault } from '@drover/model';
import {
  goodBundle,
  goodBundleFiles,
  goodBundleManifest,
  goodPluginManifest,
  withFileList,
  writeRawZip,
} from '@drover/testing';
import { bundleDigest } from './bundle-digest.js';
import { readBundle } from './read-bundle.js';

const droverVersion = '0.1.0';

describe('readBundle', () => {
  it('gives the manifests in the order of bundle.json', async () => {
    const bundle = goodBundleManifest({ plugins: ['untag-host', 'tag-host'] });
    const plugins = ['tag-host', 'untag-host'].map((folder) => goodPluginManifest(folder));
    const zip = goodBundle({ bundle, plugins });
    const verified = await readBundle(zip, { droverVersion });
    expect(verified.bundle).toEqual(bundle);
    expect(verified.plugins.map((plugin) => plugin.id)).toEqual(['acme.untag-host', 'acme.tag-host']);
    expect(verified.plugins[1]).toEqual(plugins[0]);
    expect(verified.zip.equals(zip)).toBe(true);
    expect(verified.digest).toBe(bundleDigest(zip));
    expect(verified.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('reads deflated files, empty ones and an icon', async () => {
    const files = [
      ...goodBundleFiles().map((entry) => ({ ...entry, deflate: true })),
      { name: 'icon.svg', content: Buffer.alloc(0) },
    ];
    const zip = writeRawZip(withFileList(files));
    await expect(readBundle(zip, { droverVersion })).resolves.toMatchObject({ bundle: { name: 'acme' } });
  });

  it('takes any view of bytes', async () => {
    const zip = goodBundle();
    const padded = new Uint8Array(zip.length + 7);
    padded.set(zip, 3);
    const verified = await readBundle(padded.subarray(3, 3 + zip.length), { droverVersion });
    expect(verified.digest).toBe(bundleDigest(zip));
  });

  it.each([
    ['0.1.0', '>=0.1.0 <1.0.0', true],
    ['0.2.0-beta.1', '>=0.1.0 <1.0.0', true],
    ['1.0.0', '>=0.1.0 <1.0.0', false],
    ['0.1.0', '^0.2.0', false],
  ])('lets Drover %s run a plugin for %s: %s', async (version, drover, allowed) => {
    const plugins = ['tag-host', 'untag-host'].map((folder) =>
      goodPluginManifest(folder, { engines: { drover } }),
    );
    const read = readBundle(goodBundle({ plugins }), { droverVersion: version });
    if (allowed) await expect(read).resolves.toBeDefined();
    else await expect(read).rejects.toMatchObject({ code: 'ENGINE_MISMATCH' });
  });

  it.each([
    ['zipBytes', 100, 'BUNDLE_TOO_LARGE'],
    ['files', 5, 'BUNDLE_TOO_MANY_FILES'],
    ['fileBytes', 200, 'BUNDLE_FILE_TOO_LARGE'],
    ['totalBytes', 1000, 'BUNDLE_TOTAL_TOO_LARGE'],
    ['jsonBytes', 200, 'BUNDLE_FILE_TOO_LARGE'],
    ['ratio', 0.5, 'BUNDLE_RATIO_TOO_HIGH'],
  ])('keeps to a lower limit of %s', async (limit, value, code) => {
    const read = readBundle(goodBundle(), { droverVersion, limits: { [limit]: value } });
    await expect(read).rejects.toMatchObject({ code });
  });

  it('refuses with a fault whatever bytes are changed, and never takes a changed bundle for the good one', async () => {
    const zip = goodBundle();
    const change = fc.record({ at: fc.nat({ max: zip.length - 1 }), by: fc.integer({ min: 1, max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const altered = Buffer.from(zip);
        for (const { at, by } of changes) altered[at]! ^= by;
        await readBundle(altered, { droverVersion }).then(
          (verified) => expect(verified.digest === bundleDigest(zip)).toBe(altered.equals(zip)),
          (thrown: unknown) => expect(isFault(thrown)).toBe(true),
        );
      }),
      { numRuns: 400 },
    );
  });

  it('refuses every truncation with a fault', async () => {
    const zip = goodBundle();
    for (let length = 0; length < zip.length; length += 13) {
      await expect(readBundle(zip.subarray(0, length), { droverVersion })).rejects.toMatchObject({
        code: 'BUNDLE_UNREADABLE',
      });
    }
  });

  it('reads arbitrary bytes as no bundle', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await expect(readBundle(bytes, { droverVersion })).rejects.toMatchObject({
          code: 'BUNDLE_UNREADABLE',
        });
      }),
      { numRuns: 200 },
    );
  });
});
