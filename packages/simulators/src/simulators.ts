import { startNetskope } from './netskope/start-netskope.js';
import { startOkta } from './okta/start-okta.js';
import type { SimulatorEntry } from './simulator/started-simulator.js';

/** The vendors that can be simulated, by the name that `drover simulate` takes. */
export const simulators = {
  netskope: {
    description: 'Netskope tenant: URL lists, file profiles, confidence scores of users, impacts, SCIM',
    start: startNetskope,
  },
  okta: {
    description: 'Okta org: users, one or page by page, and the changes of their status',
    start: startOkta,
  },
} as const satisfies Record<string, SimulatorEntry>;
