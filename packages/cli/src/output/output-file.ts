import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Fault } from '@drover/model';

const SENTENCES: Record<string, string> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder does not exist',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'nobody can write there',
  EISDIR: 'it is a folder',
  ENOSPC: 'there is no space left',
};

/** Writes chunks to a file, in the place of what is there. Fault: `FILE_UNWRITABLE`. */
export async function writeOutput(
  file: string,
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): Promise<void> {
  const handle = await openToWrite(file);
  try {
    await pipeline(chunks, handle.createWriteStream());
  } catch (error) {
    throw asFileFault(file, error);
  }
}

async function openToWrite(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'w');
  } catch (error) {
    throw asFileFault(file, error);
  }
}

function asFileFault(file: string, error: unknown): unknown {
  const sentence = SENTENCES[(error as NodeJS.ErrnoException).code ?? ''];
  return sentence === undefined
    ? error
    : new Fault('FILE_UNWRITABLE', `Cannot write ${file}: ${sentence}.`, { cause: error });
}
