import { type Broker, createBroker } from '@drover/plugin-host';
import type { Parts } from './parts.js';

/** The broker over the connections, limits and access tokens of this installation. */
export async function makeBroker(parts: Parts): Promise<Broker> {
  return createBroker({
    vault: await parts.connections(),
    governor: await parts.governor(),
    tokenStore: await parts.accessTokens(),
    proxyEnvironment: parts.surroundings.environment,
  });
}
