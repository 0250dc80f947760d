import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOpenToAll } from '@drover/plugin-host';
import { type DataFolder, isRoot, PASSABLE_FOLDER } from './data-folder.js';

/**
 * The folder that the code of bundles is unpacked to. As root, plugins run as another user, who must be able to reach it:
 * a data folder below a private one cannot serve, and a folder of this process beside it is made.
 */
export async function codeFolder(folder: DataFolder): Promise<{ path: string; temporary: boolean }> {
  if (!isRoot() || (await isOpenToAll(folder.path, { mode: 'execute' }))) {
    return { path: folder.bundles, temporary: false };
  }
  const path = await mkdtemp(join(tmpdir(), 'drover-code-'));
  await chmod(path, PASSABLE_FOLDER);
  return { path, temporary: true };
}
