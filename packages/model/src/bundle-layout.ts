/** The names of the files inside a bundle zip. No other names are allowed in it. */
export const BUNDLE_FILES = {
  /** `BundleManifest` as JSON. */
  manifest: 'bundle.json',
  /** `BundleFileList` as JSON: every file but itself. */
  list: 'files.json',
  /** One ESM file that serves all plugins of the bundle, SDK included. */
  code: 'code.mjs',
  changelog: 'CHANGELOG.md',
  license: 'LICENSE',
} as const;

/** At most one of them is in a bundle. */
export const BUNDLE_ICONS = ['icon.svg', 'icon.png'] as const;

/** What a bundle may hold at most. Sizes in bytes. */
export interface BundleLimits {
  zipBytes: number;
  /** Entries of the zip. */
  files: number;
  /** One file, unpacked. */
  fileBytes: number;
  /** All files, unpacked. */
  totalBytes: number;
  /** One JSON document. */
  jsonBytes: number;
  /** Unpacked size by packed size of one file. */
  ratio: number;
}

const MIB = 1024 * 1024;

export const BUNDLE_LIMITS: Readonly<BundleLimits> = {
  zipBytes: 32 * MIB,
  files: 512,
  fileBytes: 16 * MIB,
  totalBytes: 64 * MIB,
  jsonBytes: 1 * MIB,
  ratio: 100,
};

/** The id that a plugin in a folder of a bundle must have, such as `netskope.manage-url-list`. */
export function bundledPluginId(bundle: { name: string }, folder: string): string {
  return `${bundle.name}.${folder}`;
}

/** Where a plugin's manifest lies inside the zip. */
export function bundledManifestPath(pluginId: string): string {
  return `plugins/${pluginId}/plugin.json`;
}

/** Where a plugin's README lies inside the zip. */
export function bundledReadmePath(pluginId: string): string {
  return `plugins/${pluginId}/README.md`;
}
