import { join } from 'node:path';
import { parseBundleManifest, parsePluginManifest } from '@drover/manifest';
import {
  BUNDLE_FILES,
  BUNDLE_ICONS,
  bundledManifestPath,
  bundledPluginId,
  bundledReadmePath,
  type BundleManifest,
  type PluginManifest,
  WIRE_PROTOCOL,
} from '@drover/model';
import { findSource } from './find-source.js';
import { readPackageJson } from './package-json.js';
import type { SourceProblems } from './source-problems.js';
import { isFile, SourceReader } from './source-reader.js';

/** A plugin as its author wrote it. */
export interface PluginSource {
  id: string;
  /** Path of the module whose default export is its definition, below the vendor's folder. */
  entry: string;
}

/** A vendor's folder, read and checked. */
export interface BundleSources {
  bundle: BundleManifest;
  /** In the order of `bundle.json`. */
  plugins: PluginSource[];
  /** Files that go into the zip as they are, by their path in it. */
  files: Map<string, Buffer>;
}

/** Reads a vendor's folder. What is wrong goes to `problems`; without a usable `bundle.json` there is no result. */
export async function readSources(
  folder: string,
  problems: SourceProblems,
): Promise<BundleSources | undefined> {
  const reader = new SourceReader(folder, problems);
  const bundle = await reader.json(BUNDLE_FILES.manifest, BUNDLE_FILES.manifest, parseBundleManifest);
  const changelog = await reader.text(BUNDLE_FILES.changelog, BUNDLE_FILES.changelog);
  await reader.text(BUNDLE_FILES.license, BUNDLE_FILES.license);
  await readIcon(reader);
  if (bundle === undefined) return undefined;
  if (changelog !== undefined && !hasHeadingOf(changelog, bundle.version)) {
    problems.add(BUNDLE_FILES.changelog, `There is no heading for version ${bundle.version}.`);
  }
  const plugins: PluginSource[] = [];
  for (const name of bundle.plugins) plugins.push(await readPluginFolder(reader, { bundle, name }));
  return { bundle, plugins, files: reader.files };
}

async function readIcon(reader: SourceReader): Promise<void> {
  const there: string[] = [];
  for (const icon of BUNDLE_ICONS) if (await isFile(join(reader.folder, icon))) there.push(icon);
  if (there.length > 1) reader.problems.add(there[1]!, `Only one of ${there.join(' and ')} may be there.`);
  const [icon] = there;
  if (icon?.endsWith('.svg')) await reader.text(icon, icon);
  else if (icon !== undefined) await reader.bytes(icon, icon);
}

async function readPluginFolder(
  reader: SourceReader,
  { bundle, name }: { bundle: BundleManifest; name: string },
): Promise<PluginSource> {
  const { folder, problems } = reader;
  const id = bundledPluginId(bundle, name);
  const file = `${name}/plugin.json`;
  const manifest = await reader.json(file, bundledManifestPath(id), parsePluginManifest);
  await reader.text(`${name}/README.md`, bundledReadmePath(id));
  if (manifest !== undefined) checkManifest(manifest, { id, file, bundle, problems });
  await checkPackageVersion(reader, { name, manifest });
  const source = await findSource(join(folder, name, 'src', 'index'));
  if (source === undefined) {
    problems.add(`${name}/src/index.ts`, 'There is no src/index.ts (or .js, .mjs) with the definition.');
  }
  return { id, entry: `${name}/src/index${source?.slice(source.lastIndexOf('.')) ?? ''}` };
}

function checkManifest(
  manifest: PluginManifest,
  given: { id: string; file: string; bundle: BundleManifest; problems: SourceProblems },
): void {
  const { id, file, bundle, problems } = given;
  if (manifest.id !== id) {
    problems.add(
      `${file}#/id`,
      `The id is ${manifest.id}; in this folder of ${bundle.name} it must be ${id}.`,
    );
  }
  if (manifest.vendor !== bundle.vendor) {
    problems.add(
      `${file}#/vendor`,
      `The vendor is ${manifest.vendor}, that of bundle.json ${bundle.vendor}.`,
    );
  }
  if (manifest.protocol !== WIRE_PROTOCOL) {
    problems.add(
      `${file}#/protocol`,
      `The protocol is ${manifest.protocol}; the SDK that is bundled in speaks ${WIRE_PROTOCOL}.`,
    );
  }
}

async function checkPackageVersion(
  { folder, problems }: SourceReader,
  { name, manifest }: { name: string; manifest?: PluginManifest },
): Promise<void> {
  const packageJson = await readPackageJson(join(folder, name, 'package.json'));
  if (manifest === undefined || packageJson === undefined) return;
  if (packageJson.version !== manifest.version) {
    problems.add(
      `${name}/plugin.json#/version`,
      `The version is ${manifest.version}, that of its package.json ${packageJson.version ?? 'missing'}.`,
    );
  }
}

function hasHeadingOf(changelog: string, version: string): boolean {
  const headings = changelog.split('\n').filter((line) => line.startsWith('#'));
  return headings.some((line) =>
    line.split(/[\s[\](),:]+/).some((word) => word.replace(/^v/, '') === version),
  );
}
