import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VerifiedBundle } from '@drover/engine';
import { BUNDLE_FILES, BUNDLE_LIMITS, Fault } from '@drover/model';
import { bundleDigest } from './bundle-digest.js';
import { ZipArchive } from './zip-archive.js';

/** Folders and files that the plugin process can read under another user id, and not write. */
const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;

/**
 * Puts the code of a bundle into `<parentFolder>/<digest>/code.mjs`, all or nothing, and returns the real path of that
 * folder. A folder that is there already is used after its bytes were compared, or put right when they differ. Several
 * processes may do it at once. Another user id can read the result as far as it may enter `parentFolder`.
 *
 * Fault: `BUNDLE_FILE_ALTERED` when the zip is not the one of that digest.
 */
export async function extractBundle(
  bundle: Pick<VerifiedBundle, 'digest' | 'zip'>,
  parentFolder: string,
): Promise<string> {
  if (bundleDigest(bundle.zip) !== bundle.digest) {
    throw new Fault('BUNDLE_FILE_ALTERED', `The stored bundle ${bundle.digest} is not what was installed.`);
  }
  const archive = await ZipArchive.open(bundle.zip, BUNDLE_LIMITS);
  const code = await archive.read(BUNDLE_FILES.code);
  await mkdir(parentFolder, { recursive: true });
  const folder = join(parentFolder, bundle.digest);
  if (!(await holds(folder, code))) await place(folder, code);
  return realpath(folder);
}

async function holds(folder: string, code: Buffer): Promise<boolean> {
  try {
    const names = await readdir(folder);
    return names.join() === BUNDLE_FILES.code && code.equals(await readFile(join(folder, BUNDLE_FILES.code)));
  } catch {
    return false;
  }
}

/** Moves the finished file into place: another process sees all of it or nothing, and may be doing the same. */
async function place(folder: string, code: Buffer): Promise<void> {
  const aside = `${folder}.${randomUUID()}`;
  try {
    await writeFile(aside, code, { flag: 'wx', flush: true });
    await chmod(aside, FILE_MODE);
    await mkdir(folder, { recursive: true });
    await chmod(folder, FOLDER_MODE);
    await rename(aside, join(folder, BUNDLE_FILES.code));
  } finally {
    await rm(aside, { force: true });
  }
  const strangers = (await readdir(folder)).filter((name) => name !== BUNDLE_FILES.code);
  for (const name of strangers) await rm(join(folder, name), { recursive: true, force: true });
}
