import type { BundleManifest, PluginManifest } from '@drover/model';

export interface InstalledPlugin {
  /** The small integer that the runtime gave at install; never reused. */
  actionId: number;
  pluginId: string;
  version: string;
  bundleDigest: string;
  manifest: PluginManifest;
  /** Config that a run starts from, set by `action configure`; schema defaults where it is silent. */
  defaults: Record<string, unknown>;
  installedAt: string;
}

export interface VerifiedBundle {
  /** SHA-256 of the zip, lower-case hex. */
  digest: string;
  zip: Buffer;
  bundle: BundleManifest;
  /** In the order of `bundle.json`. */
  plugins: PluginManifest[];
}

export interface InstallReport {
  bundle: string;
  version: string;
  digest: string;
  /** `already` when the same digest is installed: nothing changed. */
  result: 'installed' | 'already';
  plugins: { actionId: number; pluginId: string; version: string; name: string }[];
}

/** What is installed. */
export interface PluginLibrary {
  /** Stores the zip and allocates action IDs in bundle order, all or nothing. Fault: `ALREADY_INSTALLED`. */
  install(bundle: VerifiedBundle): Promise<InstallReport>;
  list(): Promise<InstalledPlugin[]>;
  /** By action ID (`2`) or text id (`netskope.manage-url-list`). */
  find(ref: string): Promise<InstalledPlugin | undefined>;
  /** The zip's bytes by digest. */
  readBundle(digest: string): Promise<Buffer | undefined>;
  setDefaults(pluginId: string, defaults: Record<string, unknown>): Promise<void>;
}
