import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginManifest } from '@drover/model';
import { copySources } from '../end-to-end/copy-sources.js';
import type { CommandLine } from '../end-to-end/command-line.js';

const PLUGINS = fileURLToPath(new URL('../../../plugins', import.meta.url));

/** Packs the bundle of a vendor, a folder below `plugins`, with manifests that were changed for a test. */
export async function packVendor(
  drover: CommandLine,
  vendor: string,
  change: (manifest: PluginManifest) => void,
): Promise<string> {
  const source = join(drover.folder, vendor);
  await copySources(join(PLUGINS, vendor), source);
  for (const folder of await readdir(source)) {
    const file = join(source, folder, 'plugin.json');
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const manifest = JSON.parse(text) as PluginManifest;
    change(manifest);
    await writeFile(file, JSON.stringify(manifest));
  }
  const zip = join(drover.folder, `${vendor}.zip`);
  await drover.json('plugin', 'pack', source, '--output', zip);
  return zip;
}
