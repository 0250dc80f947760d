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
  /** Configured values that an upgrade found no place for: a later version that takes them gets them back. */
  setAside: Record<string, unknown>;
  installedAt: string;
}

/** What runs of a version need to know of the plugin. */
export type PluginVersion = Pick<InstalledPlugin, 'pluginId' | 'version' | 'bundleDigest' | 'manifest'>;

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
  result: 'installed' | 'already' | 'upgraded';
  plugins: { actionId: number; pluginId: string; version: string; name: string }[];
}

/** A config and what it becomes; it is left alone when it is not what it was any more. */
export interface ConfigStep {
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

/** How an installed bundle becomes another version of itself. */
export interface UpgradeSteps {
  /** Digest of the bundle in force. */
  from: string;
  /** The defaults of each plugin in force by its id, and what is set aside of them. */
  defaults: ReadonlyMap<string, ConfigStep & { setAside: Record<string, unknown> }>;
  /** The configs of feeds, by the feed's id. */
  feeds: ReadonlyMap<string, ConfigStep>;
}

/** What is installed. */
export interface PluginLibrary {
  /** Stores the zip and allocates action IDs in bundle order, all or nothing. Fault: `ALREADY_INSTALLED`. */
  install(bundle: VerifiedBundle): Promise<InstallReport>;
  /**
   * Puts another version in the place of an installed bundle, all or nothing: whoever looks next finds it. Action IDs stay;
   * plugins that are new get the next ones. Fault: `UPGRADE_REFUSED` (what it starts from has changed meanwhile).
   */
  upgrade(bundle: VerifiedBundle, steps: UpgradeSteps): Promise<InstallReport>;
  /** Digest of the version of a bundle that was in force before the present one. */
  previous(bundle: string): Promise<string | undefined>;
  list(): Promise<InstalledPlugin[]>;
  /** By action ID (`2`) or text id (`netskope.manage-url-list`). */
  find(ref: string): Promise<InstalledPlugin | undefined>;
  /** A plugin as a bundle brings it that is or was in force. */
  findVersion(pluginId: string, bundleDigest: string): Promise<PluginVersion | undefined>;
  /** The zip's bytes by digest. */
  readBundle(digest: string): Promise<Buffer | undefined>;
  setDefaults(pluginId: string, defaults: Record<string, unknown>): Promise<void>;
}
