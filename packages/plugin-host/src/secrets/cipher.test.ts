import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SealedRecord } from '@drover/engine';
import { createSecretCipher } from './cipher.js';
import { loadOrCreateKeyFile, parseEncryptionKey } from './encryption-key.js';

const OLD = randomBytes(32).toString('base64');
const NEW = randomBytes(32).toString('hex');

function codeOf(action: () => unknown): { code?: string; message?: string } {
  try {
    action();
  } catch (thrown) {
    return thrown as { code: string; message: string };
  }
  return {};
}

describe('createSecretCipher', () => {
  const cipher = createSecretCipher({ current: OLD });

  it('opens what it sealed, and seals the same text differently each time', () => {
    const first = cipher.seal('sécret', 'con_1');
    expect(cipher.open(first, 'con_1')).toBe('sécret');
    expect(cipher.seal('sécret', 'con_1')).not.toEqual(first);
    expect(JSON.stringify(first)).not.toContain('cret');
    expect(first.keyId).toMatch(/^[0-9a-f]{8}$/);
  });

  it('does not open a record under another identity', () => {
    const record = cipher.seal('secret', 'con_1');
    expect(codeOf(() => cipher.open(record, 'con_2')).code).toBe('SECRET_UNREADABLE');
  });

  it.each(['nonce', 'tag', 'data'] as const)('does not open a record whose %s was changed', (part) => {
    const record = cipher.seal('secret', 'con_1');
    const changed: SealedRecord = {
      ...record,
      [part]: randomBytes(part === 'nonce' ? 12 : 16).toString('base64'),
    };
    expect(codeOf(() => cipher.open(changed, 'con_1')).code).toBe('SECRET_UNREADABLE');
  });

  it('does not accept a shortened tag', () => {
    const record = cipher.seal('secret', 'con_1');
    const short = Buffer.from(record.tag, 'base64').subarray(0, 4).toString('base64');
    expect(codeOf(() => cipher.open({ ...record, tag: short }, 'con_1')).code).toBe('SECRET_UNREADABLE');
  });

  it('opens records of a previous key and names a key that it lacks', () => {
    const record = cipher.seal('secret', 'con_1');
    expect(createSecretCipher({ current: NEW, previous: [OLD] }).open(record, 'con_1')).toBe('secret');
    const fault = codeOf(() => createSecretCipher({ current: NEW }).open(record, 'con_1'));
    expect(fault.code).toBe('KEY_UNKNOWN');
    expect(fault.message).toContain(record.keyId);
  });
});

describe('parseEncryptionKey', () => {
  const bytes = randomBytes(32);

  it.each(['base64', 'base64url', 'hex'] as const)('reads 32 bytes in %s', (encoding) => {
    expect(parseEncryptionKey(` ${bytes.toString(encoding)}\n`)).toEqual(bytes);
  });

  it.each([
    ['nothing', ''],
    ['16 bytes', randomBytes(16).toString('hex')],
    ['33 bytes', randomBytes(33).toString('base64')],
    ['a pass phrase', 'correct horse battery staple'],
  ])('refuses %s without repeating it', (_, text) => {
    const fault = codeOf(() => parseEncryptionKey(text));
    expect(fault.code).toBe('ENCRYPTION_KEY_INVALID');
    if (text !== '') expect(fault.message).not.toContain(text);
  });
});

describe('loadOrCreateKeyFile', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-key-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes a file for its owner only, once', async () => {
    const path = join(folder, 'data', 'encryption.key');
    const first = await loadOrCreateKeyFile(path);
    expect(first.created).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await loadOrCreateKeyFile(path)).toEqual({ key: first.key, created: false });
    expect((await readFile(path, 'utf8')).trim()).toBe(first.key);
  });

  it('gives all that start at once the same key and leaves nothing else behind', async () => {
    const path = join(folder, 'encryption.key');
    const all = await Promise.all(Array.from({ length: 10 }, () => loadOrCreateKeyFile(path)));
    expect(new Set(all.map((one) => one.key)).size).toBe(1);
    expect(all.filter((one) => one.created)).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['encryption.key']);
  });

  it('refuses a file that holds no key', async () => {
    const path = join(folder, 'encryption.key');
    await writeFile(path, 'not a key\n');
    await expect(loadOrCreateKeyFile(path)).rejects.toMatchObject({ code: 'ENCRYPTION_KEY_INVALID' });
  });
});
