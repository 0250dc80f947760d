import type { ConnectionVault } from '@drover/engine';
import { KyselyConnectionVault, readSecretFile } from '@drover/store';
import type { Environment } from '../environment/read-environment.js';
import type { Parts } from './parts.js';

/** The vault, with what its references may read. */
export async function makeConnections(parts: Parts): Promise<ConnectionVault> {
  return new KyselyConnectionVault(await parts.database(), await parts.cipher(), {
    env: referable(parts.surroundings.environment),
    readFile: readSecretFile,
  });
}

/** Variables that a secret may refer to: never those of Drover itself, or a connection could send the key to its vendor. */
function referable(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('DROVER_')));
}
