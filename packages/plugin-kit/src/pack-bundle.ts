import { createHash } from 'node:crypto';
import { realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUNDLE_FILES, BUNDLE_LIMITS, type BundleFileList, type BundleManifest, Fault } from '@drover/model';
import { bundleCode } from './bundle-code.js';
import { readSources } from './bundle-sources.js';
import { byCodeUnit, deterministicZip } from './deterministic-zip.js';
import type { VendorFolder } from './import-rules.js';
import { readPackageJson } from './package-json.js';
import { SourceProblems } from './source-problems.js';

export interface PackedBundle {
  zip: Buffer;
  /** SHA-256 of the zip, lower-case hex. */
  digest: string;
  name: string;
  version: string;
  /** Text ids of its plugins, in the order of their action IDs. */
  plugins: string[];
}

export interface PackOptions {
  /** File to write the zip to; what is there is replaced. */
  out?: string;
}

/**
 * Packs a vendor's folder into a bundle: `bundle.json`, `CHANGELOG.md`, `LICENSE`, an icon, and a folder per plugin with
 * `plugin.json`, `README.md` and `src/index.ts` (or `.js`). The same sources give the same bytes in any folder and time
 * zone. No code of the plugins runs.
 *
 * Everything that is wrong is reported together (`FaultList`), each problem with its file and JSON Pointer or line:
 * `BUNDLE_SOURCE_INVALID`, or `BUNDLE_IMPORT_REFUSED` when imports are all that is wrong.
 */
export async function packBundle(folder: string, options: PackOptions = {}): Promise<PackedBundle> {
  const problems = new SourceProblems();
  const vendor = await openFolder(folder);
  const sources = await readSources(vendor.folder, problems);
  if (sources === undefined) problems.throwIfAny(folder);
  const { bundle, plugins, files } = sources!;
  const found = plugins.filter(({ entry }) => !entry.endsWith('/index'));
  const code = await bundleCode(vendor, { plugins: found, problems });
  if (code !== undefined) files.set(BUNDLE_FILES.code, code);
  checkSizes(files, problems);
  problems.throwIfAny(folder);
  files.set(BUNDLE_FILES.list, fileListOf(files));
  const zip = await deterministicZip(files);
  if (options.out !== undefined) await writeFile(options.out, zip);
  const { name, version } = bundle;
  return { zip, digest: sha256(zip), name, version, plugins: plugins.map(({ id }) => id) };
}

/** The customary name of a bundle's file, such as `netskope-1.0.0.zip`. */
export function bundleFileName({ name, version }: Pick<BundleManifest, 'name' | 'version'>): string {
  return `${name}-${version}.zip`;
}

async function openFolder(folder: string): Promise<VendorFolder> {
  const real = await realpath(folder).catch((cause: unknown) => {
    throw new Fault('NOT_FOUND', `There is no folder ${folder}.`, { cause });
  });
  const client = await readPackageJson(join(real, 'client', 'package.json'));
  return { folder: real, client: client?.name };
}

function checkSizes(files: ReadonlyMap<string, Buffer>, problems: SourceProblems): void {
  let total = 0;
  for (const [path, content] of files) {
    total += content.length;
    if (content.length <= BUNDLE_LIMITS.fileBytes) continue;
    problems.add(
      path,
      `The file has ${content.length} bytes; at most ${BUNDLE_LIMITS.fileBytes} are allowed.`,
    );
  }
  if (total > BUNDLE_LIMITS.zipBytes) {
    problems.add(
      BUNDLE_FILES.manifest,
      `The files have ${total} bytes; at most ${BUNDLE_LIMITS.zipBytes} fit.`,
    );
  }
}

function fileListOf(files: ReadonlyMap<string, Buffer>): Buffer {
  const paths = [...files.keys()].toSorted(byCodeUnit);
  const list: BundleFileList = {
    files: Object.fromEntries(paths.map((path) => [path, sha256(files.get(path)!)])),
  };
  return Buffer.from(`${JSON.stringify(list, null, 2)}\n`);
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
