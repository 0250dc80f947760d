import type {
  BundleSummary,
  InstalledPlugin,
  InstallReport,
  PluginRequests,
  UpgradeOptions,
  UpgradeReport,
} from '@drover/engine';
import { Fault } from '@drover/model';
import type { Parts } from '../composition/parts.js';
import { existing } from './not-found.js';
import { upgradeBundle } from './upgrade-bundle.js';

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

  async upgrade(zip: Uint8Array, options: UpgradeOptions = {}): Promise<UpgradeReport> {
    const { readBundle } = await import('./bundle-parts.js');
    return upgradeBundle(this.#parts, await readBundle(zip, this.#options()), options);
  }

  async rollback(bundle: string, options: UpgradeOptions = {}): Promise<UpgradeReport> {
    const plugins = await this.#parts.plugins();
    const digest = await plugins.previous(bundle);
    const zip = digest === undefined ? undefined : await plugins.readBundle(digest);
    if (zip !== undefined) return this.upgrade(zip, options);
    throw new Fault('NOT_FOUND', `No other version of the bundle ${bundle} was ever in force.`);
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
