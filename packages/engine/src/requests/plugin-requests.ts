import type { BundleManifest } from '@drover/model';
import type { InstallReport, InstalledPlugin } from '../ports/plugin-library.js';

/** What a bundle says about itself after every check, without being installed. */
export interface BundleSummary {
  /** SHA-256 of the zip, lower-case hex. */
  digest: string;
  bundle: BundleManifest;
  plugins: { pluginId: string; version: string; name: string; kind: string }[];
}

export interface PluginRequests {
  /** Installs a bundle's zip. Faults: those of `verify`, `ALREADY_INSTALLED`. */
  install(zip: Uint8Array): Promise<InstallReport>;
  list(): Promise<InstalledPlugin[]>;
  show(ref: string): Promise<InstalledPlugin>;
  /** Checks a zip as `install` would and changes nothing. */
  verify(zip: Uint8Array): Promise<BundleSummary>;
}
