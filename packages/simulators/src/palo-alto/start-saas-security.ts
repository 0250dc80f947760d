import type { StartedSimulator, StartOptions } from '../simulator/started-simulator.js';
import { SAAS_APPS } from './incident-seeds.js';
import { createSaasSecuritySimulator } from './saas-security-simulator.js';

const CLIENT_ID = 'simulated-client';
const INCIDENTS = 25;

/** A tenant for the command line. With `incidents` so many more of them, each a minute older than the one before. */
export async function startSaasSecurity(options: StartOptions = {}): Promise<StartedSimulator> {
  const clientSecret = options.token ?? 'simulated-saas-security-secret';
  const incidents = INCIDENTS + (options.incidents ?? 0);
  const simulator = createSaasSecuritySimulator({
    clientId: CLIENT_ID,
    clientSecret,
    incidents,
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    ...(options.storm === undefined ? {} : { storm: options.storm }),
  });
  const url = await simulator.listen(options.port);
  return {
    url,
    token: clientSecret,
    about: [
      `Client ID: ${CLIENT_ID}, client secret: ${clientSecret}`,
      `Incidents: 1 to ${incidents}, every fifth of them closed`,
      `Applications: ${SAAS_APPS.map(({ app_name: name }) => name).join(', ')}`,
      `PATCH ${url}/__sim/incidents/ID changes an incident as an analyst would`,
      `Control: GET ${url}/__sim/state, GET ${url}/__sim/requests, POST ${url}/__sim/faults, POST ${url}/__sim/reset`,
    ],
    close: () => simulator.close(),
  };
}
