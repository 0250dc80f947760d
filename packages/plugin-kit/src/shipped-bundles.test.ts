import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { verifyBundle } from '@drover/plugin-host';
import { packBundle } from './pack-bundle.js';

const PLUGINS = new URL('../../../plugins/', import.meta.url);
const vendors = await readdir(PLUGINS);

it.each(vendors)('packs the bundle of %s into one that can be installed', async (vendor) => {
  const packed = await packBundle(fileURLToPath(new URL(vendor, PLUGINS)));
  const report = await verifyBundle(packed.zip, { droverVersion: '0.1.0' });
  expect(report.digest).toBe(packed.digest);
  expect(report.bundle.name).toBe(vendor);
  expect(report.plugins.map((plugin) => plugin.pluginId)).toEqual(packed.plugins);
});
