import type { ConnectionVault } from '@drover/engine';
import { createSecretCipher, loadOrCreateKeyFile } from '@drover/plugin-host';
import { KyselyConnectionVault, readSecretFile } from '@drover/store';
import type { Environment } from '../environment/read-environment.js';
import type { Parts } from './parts.js';

/** The vault, with the key of the settings or of the key file, which is made on first use. */
export async function makeConnections(parts: Parts): Promise<ConnectionVault> {
  const { settings } = parts.surroundings;
  const current = settings.encryptionKey ?? (await keyOfFile(parts));
  const cipher = createSecretCipher({ current, previous: settings.previousEncryptionKeys });
  return new KyselyConnectionVault(await parts.database(), cipher, {
    env: referable(parts.surroundings.environment),
    readFile: readSecretFile,
  });
}

/** Variables that a secret may refer to: never those of Drover itself, or a connection could send the key to its vendor. */
function referable(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('DROVER_')));
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
