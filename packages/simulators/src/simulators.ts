import { createCrowdstrikeSimulator } from './crowdstrike/crowdstrike-simulator.js';
import { makeUsers } from './crowdstrike/users.js';
import { createNetskopeSimulator } from './netskope/netskope-simulator.js';
import type { NetskopeUserSeed } from './netskope/user-store.js';

export interface StartOptions {
  /** Default: a free port of 127.0.0.1. */
  port?: number;
  /** The secret that callers must show. Default: one that is printed by `start`. */
  token?: string;
  /** Milliseconds that every request takes at least. Default 0. */
  latencyMs?: number;
  /** Whether the vendor's own rate limit holds. Default true. */
  rateLimit?: boolean;
  /** How many users the vendor has, where it makes some up. */
  users?: number;
}

export interface StartedSimulator {
  /** Base URL, for a connection. */
  url: string;
  token: string;
  /** What a person should know to use it, one line each. */
  about: string[];
  close(): Promise<void>;
}

export interface SimulatorEntry {
  description: string;
  start(options?: StartOptions): Promise<StartedSimulator>;
}

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

const CROWDSTRIKE_CLIENT_ID = 'simulated-crowdstrike-client';
const CROWDSTRIKE_USERS = 1_000;
const NO_LIMIT = 1_000_000_000;

async function startCrowdstrike(options: StartOptions = {}): Promise<StartedSimulator> {
  const token = options.token ?? 'simulated-crowdstrike-secret';
  const users = options.users ?? CROWDSTRIKE_USERS;
  const simulator = createCrowdstrikeSimulator({
    client: { id: CROWDSTRIKE_CLIENT_ID, secret: token },
    users: makeUsers(users, Date.now()),
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    ...(options.rateLimit === false
      ? { requestsPerMinute: NO_LIMIT, points: { points: NO_LIMIT, perMs: 300_000 } }
      : {}),
  });
  const url = await simulator.listen(options.port);
  return {
    url,
    token,
    about: [
      `OAuth2: client id ${CROWDSTRIKE_CLIENT_ID}, client secret ${token}`,
      `Users: ${users} with an address, user0@example.com and so on; archived ones and some without an address on top`,
      `Control: POST ${url}/__sim/users changes one, DELETE ${url}/__sim/tokens revokes all tokens; GET ${url}/__sim/state, POST ${url}/__sim/faults, …`,
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
  crowdstrike: {
    description:
      'CrowdStrike Falcon Identity Protection: OAuth2 tokens, users and their risk scores by GraphQL',
    start: startCrowdstrike,
  },
} as const satisfies Record<string, SimulatorEntry>;
