import { createNetskopeSimulator } from './netskope/netskope-simulator.js';
import type { NetskopeUserSeed } from './netskope/user-store.js';
import { startOkta } from './okta/start-okta.js';
import type { SimulatorEntry, StartedSimulator, StartOptions } from './simulator/started-simulator.js';

const NETSKOPE_LIST = 'Drover Blocklist';
const NETSKOPE_PROFILE = 'Drover Hashes';
const DAY_MS = 86_400_000;

/** Scores of the last three days, made at the start: what is asked for by time has to be recent. */
function netskopeUsers(now: number): NetskopeUserSeed[] {
  const days = (...scores: number[]) =>
    scores.map((score, index) => ({ start: now - (scores.length - index) * DAY_MS, score }));
  return [
    { userId: 'ada@example.com', aliases: ['ada.example@example.com'], scores: days(650, 420, 103) },
    { userId: 'grace@example.com', scores: days(930, 930, 925) },
    { userId: 'mallory@example.com' },
  ];
}

async function startNetskope(options: StartOptions = {}): Promise<StartedSimulator> {
  const token = options.token ?? 'simulated-netskope-token';
  const v1Token = `${token}-v1`;
  const users = netskopeUsers(Date.now());
  const simulator = createNetskopeSimulator({
    token,
    v1Token,
    lists: [{ name: NETSKOPE_LIST }, { name: 'Partner Sites', urls: ['partner.example.com'] }],
    fileProfiles: [{ name: NETSKOPE_PROFILE }, { name: 'Being Edited', pending: true }],
    users,
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    ...(options.storm === undefined ? {} : { storm: options.storm }),
    ...(options.rateLimit === false
      ? {}
      : {
          rateLimit: { requestsPerSecond: 4, dialect: 'ratelimit-reset' as const },
          v1RateLimit: { requests: 24, perMs: 5_000 },
        }),
  });
  const url = await simulator.listen(options.port);
  return {
    url,
    token,
    about: [
      `REST API v2: header Netskope-Api-Token: ${token}`,
      `REST API v1: field token: ${v1Token}`,
      `URL lists: "${NETSKOPE_LIST}" and "Partner Sites", both exact`,
      `File profiles: "${NETSKOPE_PROFILE}", and "Being Edited", which has pending changes`,
      `Users: ${users.map(({ userId }) => userId).join(', ')}, the last without a score`,
      `Control: GET ${url}/__sim/state, GET ${url}/__sim/requests, POST ${url}/__sim/faults, POST ${url}/__sim/reset`,
    ],
    close: () => simulator.close(),
  };
}

/** The vendors that can be simulated, by the name that `drover simulate` takes. */
export const simulators = {
  netskope: {
    description: 'Netskope tenant: URL lists, file profiles, confidence scores of users and impacts on them',
    start: startNetskope,
  },
  okta: {
    description: 'Okta org: users, one or page by page, and the changes of their status',
    start: startOkta,
  },
} as const satisfies Record<string, SimulatorEntry>;
