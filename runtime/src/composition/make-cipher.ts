import type { SecretCipher } from '@drover/engine';
import { createSecretCipher, loadOrCreateKeyFile } from '@drover/plugin-host';
import type { Parts } from './parts.js';

/** What encrypts at rest, with the key of the settings or of the key file, which is made on first use. */
export async function makeCipher(parts: Parts): Promise<SecretCipher> {
  const { settings } = parts.surroundings;
  const current = settings.encryptionKey ?? (await keyOfFile(parts));
  return createSecretCipher({ current, previous: settings.previousEncryptionKeys });
}

async function keyOfFile(parts: Parts): Promise<string> {
  const { keyFile } = await parts.dataFolder();
  const { key, created } = await loadOrCreateKeyFile(keyFile);
  if (created) {
    parts.surroundings.notify(
      `Made the key that encrypts secrets: ${keyFile}. Without it they cannot be read; keep a copy apart from the database.`,
    );
  }
  return key;
}
