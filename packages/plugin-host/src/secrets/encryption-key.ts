import { Buffer } from 'node:buffer';
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '@drover/model';

const KEY_BYTES = 32;

/** Reads a key: 64 hex digits, or base64 (either alphabet, padded or not) of 32 bytes. Throws `ENCRYPTION_KEY_INVALID`. */
export function parseEncryptionKey(text: string): Buffer {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex');
  const isBase64 = /^(?:[A-Za-z0-9+/]{43}|[A-Za-z0-9_-]{43})=?$/.test(trimmed);
  const key = Buffer.from(isBase64 ? trimmed : '', 'base64');
  if (key.length === KEY_BYTES) return key;
  throw new Fault(
    'ENCRYPTION_KEY_INVALID',
    `An encryption key is not ${KEY_BYTES} bytes in base64 or hex (${trimmed.length} characters were given); make one with \`openssl rand -base64 32\`.`,
  );
}

/**
 * Reads the key file, or makes one (mode 0600, a random key in base64) when there is none; `created` lets the caller
 * say so. Several processes may do this at once: all get the same key. Faults: `ENCRYPTION_KEY_INVALID`.
 */
export async function loadOrCreateKeyFile(path: string): Promise<{ key: string; created: boolean }> {
  const created = !(await exists(path)) && (await createKeyFile(path));
  const key = (await readFile(path, 'utf8')).trim();
  parseEncryptionKey(key);
  return { key, created };
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    (problem: NodeJS.ErrnoException) => {
      if (problem.code === 'ENOENT') return false;
      throw problem;
    },
  );
}

/** A whole file appears under the name or none does: it is written aside and linked. False when another was first. */
async function createKeyFile(path: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  const aside = `${path}.${randomUUID()}`;
  await writeFile(aside, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(aside, path);
    return true;
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw problem;
  } finally {
    await unlink(aside);
  }
}
