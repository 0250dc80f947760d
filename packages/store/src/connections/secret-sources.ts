import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Where references to secrets lead. */
export interface SecretSources {
  env: Readonly<Record<string, string | undefined>>;
  /** The text of a regular file of at most `maxBytes`; rejects for anything else. */
  readFile(path: string, limits: { maxBytes: number }): Promise<string>;
}

/** Reads a secret from a file, such as a mounted one. Refuses what is no regular file or too large before it reads. */
export async function readSecretFile(path: string, { maxBytes }: { maxBytes: number }): Promise<string> {
  // Opening a named pipe would otherwise wait for somebody who writes to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error('it is no regular file');
    if (stat.size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
