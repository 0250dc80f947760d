import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { SealedRecord, SecretCipher } from '@drover/engine';
import { Fault } from '@drover/model';
import { parseEncryptionKey } from './encryption-key.js';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Keys as texts: base64 or hex of 32 bytes. */
export interface CipherKeys {
  /** Encrypts, and decrypts. */
  current: string;
  /** Decrypt only: keys that were current before. */
  previous?: readonly string[];
}

/**
 * AES-256-GCM with a random nonce for each record and the record's identity as associated data. Throws
 * `ENCRYPTION_KEY_INVALID` when one of the keys is none.
 */
export function createSecretCipher({ current, previous = [] }: CipherKeys): SecretCipher {
  return new AesGcmCipher([current, ...previous].map(parseEncryptionKey));
}

/** Names a key without telling anything of it: the first 8 hex digits of its SHA-256. */
function keyIdOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}

class AesGcmCipher implements SecretCipher {
  readonly #current: { id: string; key: Buffer };
  readonly #keys: ReadonlyMap<string, Buffer>;

  constructor(keys: readonly Buffer[]) {
    this.#current = { id: keyIdOf(keys[0]!), key: keys[0]! };
    this.#keys = new Map(keys.map((key) => [keyIdOf(key), key]));
  }

  seal(text: string, identity: string): SealedRecord {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#current.key, nonce);
    cipher.setAAD(Buffer.from(identity, 'utf8'));
    const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return {
      v: 1,
      keyId: this.#current.id,
      nonce: nonce.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
      data: data.toString('base64'),
    };
  }

  open(record: SealedRecord, identity: string): string {
    const key = this.#keys.get(record.keyId);
    if (key === undefined) {
      throw new Fault(
        'KEY_UNKNOWN',
        `The secrets of ${identity} were encrypted with the key ${record.keyId}, which is not among the keys given; add it to the previous keys.`,
      );
    }
    try {
      return decrypt(record, key, identity);
    } catch {
      throw new Fault(
        'SECRET_UNREADABLE',
        `The secrets of ${identity} do not decrypt: the record was changed or belongs to something else; set them again.`,
      );
    }
  }
}

function decrypt(record: SealedRecord, key: Buffer, identity: string): string {
  const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(record.nonce, 'base64'), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(identity, 'utf8'));
  decipher.setAuthTag(Buffer.from(record.tag, 'base64'));
  return Buffer.concat([decipher.update(Buffer.from(record.data, 'base64')), decipher.final()]).toString(
    'utf8',
  );
}
