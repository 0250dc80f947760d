import { createHash } from 'node:crypto';
import { parseFileList } from '@drover/manifest';
import { BUNDLE_FILES, type BundleFileList, type BundleLimits, Fault } from '@drover/model';
import { quote } from './entry-name.js';
import type { ZipArchive } from './zip-archive.js';

/** Any JSON document of the bundle. Faults: `BUNDLE_FILE_TOO_LARGE`, `BUNDLE_JSON_INVALID`. */
export async function readJson(archive: ZipArchive, name: string, limits: BundleLimits): Promise<unknown> {
  const content = await archive.read(name);
  if (content.length > limits.jsonBytes) {
    throw new Fault(
      'BUNDLE_FILE_TOO_LARGE',
      `The JSON file ${quote(name)} has ${content.length} bytes; at most ${limits.jsonBytes} are allowed.`,
      { path: name },
    );
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content));
  } catch (cause) {
    const told = String((cause as { message?: unknown }).message);
    throw new Fault('BUNDLE_JSON_INVALID', `The file ${quote(name)} is not JSON: ${told}.`, {
      path: name,
      cause,
    });
  }
}

/** `files.json`, its form checked. */
export async function readFileList(archive: ZipArchive, limits: BundleLimits): Promise<BundleFileList> {
  const { list } = BUNDLE_FILES;
  if (!archive.has(list)) {
    throw new Fault('BUNDLE_LIST_MISSING', `The bundle has no ${list}, the list of its files.`);
  }
  const parsed = parseFileList(await readJson(archive, list, limits), { path: list });
  if (Object.hasOwn(parsed.files, list)) {
    throw new Fault('BUNDLE_LIST_INVALID', `${list} lists itself, which no digest can be true of.`, {
      path: list,
    });
  }
  return parsed;
}

/** Holds the archive against its list: the same names, and the very bytes that were packed. */
export async function verifyFileList(archive: ZipArchive, { files }: BundleFileList): Promise<void> {
  const listed = new Set(Object.keys(files));
  for (const name of archive.names) {
    if (name !== BUNDLE_FILES.list && !listed.has(name)) {
      throw new Fault('BUNDLE_FILE_UNDECLARED', `The file ${quote(name)} is not in ${BUNDLE_FILES.list}.`, {
        path: name,
      });
    }
  }
  for (const name of listed) {
    if (!archive.has(name)) {
      throw new Fault(
        'BUNDLE_FILE_MISSING',
        `${BUNDLE_FILES.list} lists ${quote(name)}, which is not there.`,
        {
          path: name,
        },
      );
    }
    const digest = createHash('sha256')
      .update(await archive.read(name))
      .digest('hex');
    if (digest !== files[name]) {
      throw new Fault(
        'BUNDLE_FILE_ALTERED',
        `The file ${quote(name)} has the SHA-256 ${digest}, ${BUNDLE_FILES.list} says ${files[name]}.`,
        { path: name },
      );
    }
  }
}
