import { startCrowdstrike } from './crowdstrike/start-crowdstrike.js';
import { startNetskope } from './netskope/start-netskope.js';
import { startOkta } from './okta/start-okta.js';
import { startSaasSecurity } from './palo-alto/start-saas-security.js';
import type { SimulatorEntry } from './simulator/started-simulator.js';

/** The vendors that can be simulated, by the name that `drover simulate` takes. */
export const simulators = {
  netskope: {
    description: 'Netskope tenant: URL lists, file profiles, confidence scores of users, impacts, SCIM',
    start: startNetskope,
  },
  crowdstrike: {
    description:
      'CrowdStrike Falcon Identity Protection: OAuth2 tokens, users and their risk scores by GraphQL',
    start: startCrowdstrike,
  },
  okta: {
    description: 'Okta org: users, one or page by page, and the changes of their status',
    start: startOkta,
  },
  'palo-alto-saas-security': {
    description:
      'SaaS Security tenant: incidents by the time of their last change, applications, remediation',
    start: startSaasSecurity,
  },
} as const satisfies Record<string, SimulatorEntry>;
