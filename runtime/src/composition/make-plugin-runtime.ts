import { rm } from 'node:fs/promises';
import type { PluginLibrary } from '@drover/engine';
import { Fault } from '@drover/model';
import { extractBundle, SandboxedPluginRuntime } from '@drover/plugin-host';
import { codeFolder } from './code-folder.js';
import { LateBroker } from './late-broker.js';
import type { Parts } from './parts.js';
import type { Releases } from './releases.js';

/** Sandboxes over the broker; the code of a bundle is unpacked when a plugin of it first runs. */
export async function makePluginRuntime(parts: Parts, releases: Releases): Promise<SandboxedPluginRuntime> {
  const plugins = await parts.plugins();
  const log = await parts.log();
  const code = await codeFolder(await parts.dataFolder());
  if (code.temporary)
    releases.add('the code of plugins', () => rm(code.path, { recursive: true, force: true }));
  // Now, since what is made last is closed first: hooks that end need their limits to the last.
  await parts.governor();
  const broker = new LateBroker(async () => (await import('./make-broker.js')).makeBroker(parts));
  releases.add('calls to vendors', () => broker.close());
  const runtime = new SandboxedPluginRuntime({
    broker,
    bundleFolder: (digest) => unpack(plugins, digest, code.path),
    logger: log,
  });
  releases.add('processes of plugins', () => runtime.close());
  return runtime;
}

async function unpack(plugins: PluginLibrary, digest: string, parent: string): Promise<string> {
  const zip = await plugins.readBundle(digest);
  if (zip === undefined) throw new Fault('NOT_FOUND', `The bundle ${digest} is not stored any more.`);
  return extractBundle({ digest, zip }, parent);
}
