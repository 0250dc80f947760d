import type { BundleSummary, InstalledPlugin, InstallReport, PluginRequests } from '@drover/engine';
import type { Parts } from '../composition/parts.js';
import { existing } from './not-found.js';

export class EmbeddedPlugins implements PluginRequests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async install(zip: Uint8Array): Promise<InstallReport> {
    const { readBundle } = await import('./bundle-parts.js');
    const bundle = await readBundle(zip, this.#options());
    return (await this.#parts.plugins()).install(bundle);
  }

  async list(): Promise<InstalledPlugin[]> {
    return (await this.#parts.plugins()).list();
  }

  async show(ref: string): Promise<InstalledPlugin> {
    return findPlugin(this.#parts, ref, 'plugin');
  }

  async verify(zip: Uint8Array): Promise<BundleSummary> {
    const { verifyBundle } = await import('./bundle-parts.js');
    return verifyBundle(zip, this.#options());
  }

  #options(): { droverVersion: string } {
    return { droverVersion: this.#parts.surroundings.version };
  }
}

/** An installed plugin by action ID or text id. `noun` is what a refusal calls it. */
export async function findPlugin(
  parts: Parts,
  ref: string,
  noun: 'plugin' | 'action' | 'command',
): Promise<InstalledPlugin> {
  const plugins = await parts.plugins();
  const plugin = await plugins.find(ref);
  if (plugin !== undefined) return plugin;
  const known = (await plugins.list()).map(({ actionId, pluginId }) => `${actionId} (${pluginId})`);
  return existing<InstalledPlugin>(undefined, { noun, ref, known });
}
