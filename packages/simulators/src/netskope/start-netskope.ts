import type { StartedSimulator, StartOptions } from '../simulator/started-simulator.js';
import { createNetskopeSimulator } from './netskope-simulator.js';
import type { NetskopeUserSeed } from './user-store.js';

const NETSKOPE_LIST = 'Drover Blocklist';
const NETSKOPE_PROFILE = 'Drover Hashes';
const SCIM_GROUP = 'Watched';
const DAY_MS = 86_400_000;

const SCIM_USERS = [
  { id: 'b7c3', userName: 'grace@example.com', givenName: 'Grace', familyName: 'Example' },
  { id: 'd9e1', userName: 'edsger@example.com', givenName: 'Edsger', familyName: 'Example' },
] as const;

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

/** A tenant for the command line. With `users` also SCIM users `user1@example.com` and so on. */
export async function startNetskope(options: StartOptions = {}): Promise<StartedSimulator> {
  const token = options.token ?? 'simulated-netskope-token';
  const v1Token = `${token}-v1`;
  const users = netskopeUsers(Date.now());
  const made = Array.from({ length: options.users ?? 0 }, (_, n) => ({
    userName: `user${n + 1}@example.com`,
  }));
  const simulator = createNetskopeSimulator({
    token,
    v1Token,
    lists: [{ name: NETSKOPE_LIST }, { name: 'Partner Sites', urls: ['partner.example.com'] }],
    fileProfiles: [{ name: NETSKOPE_PROFILE }, { name: 'Being Edited', pending: true }],
    users,
    scim: {
      users: [...SCIM_USERS, ...made],
      groups: [{ displayName: SCIM_GROUP, members: [SCIM_USERS[0].id] }],
    },
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
      `SCIM: ${SCIM_USERS.length + made.length} users, ${SCIM_USERS.map(({ userName }) => userName).join(' and ')} among them; group "${SCIM_GROUP}" with the first`,
      `Control: GET ${url}/__sim/state, GET ${url}/__sim/requests, POST ${url}/__sim/faults, POST ${url}/__sim/reset`,
    ],
    close: () => simulator.close(),
  };
}
