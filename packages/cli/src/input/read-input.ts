import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Fault } from '@drover/model';

const SENTENCES: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EPERM: 'it may not be read by this user',
  EISDIR: 'it is a folder',
};

/** A whole file, refused when it is larger than `maxBytes`. */
export async function readWholeFile(file: string, { maxBytes }: { maxBytes: number }): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size <= maxBytes) return await readFile(file);
    throw new Fault('FILE_UNREADABLE', `${file} has ${size} bytes; at most ${maxBytes} are read here.`);
  } catch (error) {
    throw asFileFault(file, error);
  }
}

/** A file as a stream, or standard input for `-`. Fails at once, not at the first read, when it cannot be opened. */
export async function openInput(
  file: string,
  stdin: Readable,
): Promise<{ stream: AsyncIterable<Uint8Array>; totalBytes?: number; fileName?: string }> {
  if (file === '-') return { stream: stdin };
  try {
    const handle = await open(file, 'r');
    const about = await handle.stat();
    if (about.isDirectory()) {
      await handle.close();
      throw new Fault('FILE_UNREADABLE', `Cannot read ${file}: it is a folder.`);
    }
    const stream = createReadStream(file, { fd: handle, highWaterMark: 1 << 18 });
    return { stream, totalBytes: about.isFile() ? about.size : undefined, fileName: file };
  } catch (error) {
    throw asFileFault(file, error);
  }
}

function asFileFault(file: string, error: unknown): unknown {
  const sentence = SENTENCES[(error as NodeJS.ErrnoException).code ?? ''];
  return sentence === undefined
    ? error
    : new Fault('FILE_UNREADABLE', `Cannot read ${file}: ${sentence}.`, { cause: error });
}
