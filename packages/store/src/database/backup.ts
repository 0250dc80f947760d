import { open, rm, stat } from 'node:fs/promises';
import { Fault } from '@drover/model';
import { sql } from 'kysely';
import type { Database } from './database.js';

const PRIVATE_FILE = 0o600;
const SENTENCES: Record<string, string> = {
  EEXIST: 'it is there already',
  ENOENT: 'its folder does not exist',
  EACCES: 'this user may not write there',
  EROFS: 'nobody can write there',
};

/**
 * Writes a SQLite database as it stands at one moment into a new file, for its owner only, while others go on reading and
 * writing. Faults: `FILE_UNWRITABLE`; where it fails half-way there is no file.
 *
 * @returns the size of the file in bytes
 */
export async function backUpSqlite({ kysely }: Database, file: string): Promise<number> {
  await makeEmpty(file);
  try {
    await sql`vacuum into ${file}`.execute(kysely);
    return (await stat(file)).size;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

async function makeEmpty(file: string): Promise<void> {
  try {
    await (await open(file, 'wx', PRIVATE_FILE)).close();
  } catch (error) {
    const sentence = SENTENCES[(error as NodeJS.ErrnoException).code ?? ''];
    if (sentence === undefined) throw error;
    throw new Fault('FILE_UNWRITABLE', `Cannot write ${file}: ${sentence}.`, { cause: error });
  }
}
