import type { VerifiedBundle } from '@drover/engine';
import { parseBundleManifest, parsePluginManifest } from '@drover/manifest';
import {
  BUNDLE_FILES,
  BUNDLE_ICONS,
  BUNDLE_LIMITS,
  bundledManifestPath,
  bundledPluginId,
  bundledReadmePath,
  type BundleLimits,
  type BundleManifest,
  Fault,
  type PluginManifest,
} from '@drover/model';
import { bundleDigest } from './bundle-digest.js';
import { checkCompatible } from './compatibility.js';
import { readFileList, readJson, verifyFileList } from './bundle-documents.js';
import { quote } from './entry-name.js';
import { ZipArchive } from './zip-archive.js';

export interface ReadBundleOptions {
  /** The running version of Drover, which each plugin's `engines.drover` must allow. */
  droverVersion: string;
  /** Default `BUNDLE_LIMITS`. */
  limits?: Partial<BundleLimits>;
}

/**
 * Reads a bundle zip and checks all of it without running code and without writing a byte: the container, the list of
 * files with their digests, the layout, the manifests, engines and protocol. Everything that is refused has a code of
 * its own, see `docs/bundles.md`. What comes back can be installed.
 */
export async function readBundle(bytes: Uint8Array, options: ReadBundleOptions): Promise<VerifiedBundle> {
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const limits = { ...BUNDLE_LIMITS, ...options.limits };
  const archive = await ZipArchive.open(zip, limits);
  await verifyFileList(archive, await readFileList(archive, limits));
  const bundle = await readBundleManifest(archive, limits);
  const ids = bundle.plugins.map((folder) => bundledPluginId(bundle, folder));
  checkLayout(archive, ids);
  const plugins: PluginManifest[] = [];
  for (const id of ids) plugins.push(await readPlugin(archive, { id, bundle, limits }));
  checkCompatible(plugins, options.droverVersion);
  return { digest: bundleDigest(zip), zip, bundle, plugins };
}

async function readBundleManifest(archive: ZipArchive, limits: BundleLimits): Promise<BundleManifest> {
  const path = BUNDLE_FILES.manifest;
  if (!archive.has(path)) {
    throw new Fault('BUNDLE_MANIFEST_MISSING', `The bundle has no ${path}.`, { path });
  }
  const json = await readJson(archive, path, limits);
  checkNoPluginTwice(json);
  return parseBundleManifest(json, { path });
}

/** Ahead of the schema, which would only say that two items of a list are equal. */
function checkNoPluginTwice(json: unknown): void {
  const listed = (json as { plugins?: unknown } | null)?.plugins;
  if (!Array.isArray(listed)) return;
  const twice = listed.find((folder, at) => listed.indexOf(folder) !== at);
  if (twice === undefined) return;
  throw new Fault(
    'BUNDLE_PLUGIN_DOUBLED',
    `${BUNDLE_FILES.manifest} lists the plugin ${JSON.stringify(twice)} twice.`,
    { path: '/plugins' },
  );
}

/** The layout is closed: what must be there is there, and nothing else is. */
function checkLayout(archive: ZipArchive, ids: readonly string[]): void {
  const { code, changelog, license } = BUNDLE_FILES;
  if (!archive.has(code)) throw new Fault('BUNDLE_CODE_MISSING', `The bundle has no ${code}.`);
  for (const id of ids) {
    if (archive.has(bundledManifestPath(id))) continue;
    throw new Fault(
      'BUNDLE_PLUGIN_MISSING',
      `${BUNDLE_FILES.manifest} lists the plugin ${id}, but there is no ${bundledManifestPath(id)}.`,
      { path: bundledManifestPath(id) },
    );
  }
  for (const path of [changelog, license, ...ids.map(bundledReadmePath)]) {
    if (!archive.has(path)) {
      throw new Fault('BUNDLE_DOCUMENT_MISSING', `The bundle has no ${path}.`, { path });
    }
  }
  const expected = new Set<string>([
    ...Object.values(BUNDLE_FILES),
    ...BUNDLE_ICONS,
    ...ids.flatMap((id) => [bundledManifestPath(id), bundledReadmePath(id)]),
  ]);
  const stranger = archive.names.find((name) => !expected.has(name));
  if (stranger !== undefined) {
    throw new Fault('BUNDLE_FILE_UNEXPECTED', `The file ${quote(stranger)} has no place in a bundle.`, {
      path: stranger,
    });
  }
}

async function readPlugin(
  archive: ZipArchive,
  { id, bundle, limits }: { id: string; bundle: BundleManifest; limits: BundleLimits },
): Promise<PluginManifest> {
  const path = bundledManifestPath(id);
  const manifest = parsePluginManifest(await readJson(archive, path, limits), { path });
  if (manifest.id !== id || manifest.vendor !== bundle.vendor) {
    throw new Fault(
      'BUNDLE_ID_MISMATCH',
      `${path} is of ${manifest.id} by ${manifest.vendor}, ${BUNDLE_FILES.manifest} of ${id} by ${bundle.vendor}.`,
      { path },
    );
  }
  return manifest;
}
