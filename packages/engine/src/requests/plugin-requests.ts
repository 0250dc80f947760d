import type { BundleManifest, FaultRecord } from '@drover/model';
import type { InstallReport, InstalledPlugin } from '../ports/plugin-library.js';

/** What a bundle says about itself after every check, without being installed. */
export interface BundleSummary {
  /** SHA-256 of the zip, lower-case hex. */
  digest: string;
  bundle: BundleManifest;
  plugins: { pluginId: string; version: string; name: string; kind: string }[];
}

/** What an upgrade changes of a plugin. */
export interface PluginUpgrade {
  pluginId: string;
  name: string;
  /** Absent of a plugin that is new and not in force yet. */
  actionId?: number;
  /** The version in force so far; absent of a plugin that is new. */
  before?: string;
  version: string;
  /** What the manifests say in another way, by JSON Pointer; wording left out. */
  changes: { path: string; before?: unknown; after?: unknown }[];
  /** Names of configured values that the new version does not take: they wait for one that does. */
  setAside: string[];
  /** Names of values that an earlier upgrade had set aside, and that hold again. */
  restored: string[];
}

export interface UpgradeReport {
  bundle: string;
  version: string;
  /** SHA-256 of the zip, lower-case hex. */
  digest: string;
  /** Digest of the bundle in force so far. */
  before: string;
  /** `shown`: what would happen; `already`: it is the one in force, and nothing changed. */
  result: 'upgraded' | 'already' | 'shown';
  plugins: PluginUpgrade[];
  /** Connections that lack what the new version wants: set it before they are used again. */
  connections: { name: string; problems: FaultRecord[] }[];
}

export interface UpgradeOptions {
  /** Only show what would change. */
  dryRun?: boolean;
  /** Digest of the bundle that has to be in force; default: whichever is. */
  from?: string;
}

export interface PluginRequests {
  /** Installs a bundle's zip. Faults: those of `verify`, `ALREADY_INSTALLED`. */
  install(zip: Uint8Array): Promise<InstallReport>;
  /**
   * Puts another version of an installed bundle in its place, with the configuration that it has. Runs that have begun end with
   * the version that they began with. Faults: those of `verify`, `NOT_FOUND`, `UPGRADE_REFUSED`.
   */
  upgrade(zip: Uint8Array, options?: UpgradeOptions): Promise<UpgradeReport>;
  /** Goes back to the version of a bundle that was in force before, as `upgrade` would. Faults as there. */
  rollback(bundle: string, options?: UpgradeOptions): Promise<UpgradeReport>;
  list(): Promise<InstalledPlugin[]>;
  show(ref: string): Promise<InstalledPlugin>;
  /** Checks a zip as `install` would and changes nothing. */
  verify(zip: Uint8Array): Promise<BundleSummary>;
}
