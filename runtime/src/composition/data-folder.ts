import { access, chmod, constants, mkdir, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '@drover/model';

const PRIVATE_FOLDER = 0o700;
/** Others may pass through, to code that they can read, but not look around. */
export const PASSABLE_FOLDER = 0o711;
const PRIVATE_FILE = 0o600;

/** Where things lie in a data folder. */
export interface DataFolder {
  path: string;
  databaseFile: string;
  keyFile: string;
  bundles: string;
  /** Full lists of refused rows of imports. */
  imports: string;
}

/** Where the SQLite database of a data folder is. */
export function databaseFileOf(dataDir: string): string {
  return join(dataDir, 'drover.db');
}

/**
 * Makes the data folder where there is none: for its owner only, or, as root, passable to the user that plugins run as.
 * Fault: `DATA_DIR_UNUSABLE`.
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const folder = {
    path,
    databaseFile: databaseFileOf(path),
    keyFile: join(path, 'keys', 'encryption.key'),
    bundles: join(path, 'bundles'),
    imports: join(path, 'imports'),
  };
  await writing(path, async () => {
    const made = await makeFolder(path);
    if (made && isRoot()) await chmod(path, PASSABLE_FOLDER);
    await access(path, constants.W_OK);
    await mkdir(join(path, 'keys'), { recursive: true, mode: PRIVATE_FOLDER });
  });
  return folder;
}

/**
 * Makes the file of the SQLite database, and the data folder, where there is none: SQLite would make it readable to all, and gives
 * its side files the mode that it has. Fault: `DATA_DIR_UNUSABLE`.
 *
 * @returns its path
 */
export async function openDatabaseFile(dataDir: string): Promise<string> {
  const { databaseFile } = await openDataFolder(dataDir);
  await writing(dataDir, async () => (await open(databaseFile, 'a', PRIVATE_FILE)).close());
  return databaseFile;
}

async function writing(dataDir: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Fault('DATA_DIR_UNUSABLE', `The data folder ${dataDir} cannot be made or written (${code}).`, {
      cause: error,
    });
  }
}

/**
 * Makes a folder and those above it that are missing; false when it is there. Node's own recursive `mkdir` never ends
 * where a folder that exists takes no other, as `/proc` does.
 */
async function makeFolder(path: string): Promise<boolean> {
  try {
    return await makeOneFolder(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await makeFolder(dirname(path));
    return makeOneFolder(path);
  }
}

async function makeOneFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, PRIVATE_FOLDER);
    return true;
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(path)).isDirectory();
    if (isThere) return false;
    throw error;
  }
}

/** Whether this process may become any user. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}
