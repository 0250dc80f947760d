import type { StartedSimulator, StartOptions } from '../simulator/started-simulator.js';
import { createOktaSimulator } from './okta-simulator.js';
import type { OktaUserSeed } from './okta-user.js';

/** One user in each status that a change meets, and one who can be named by id only. */
const USERS: readonly OktaUserSeed[] = [
  { login: 'ada@example.com' },
  { login: 'grace@example.com', status: 'LOCKED_OUT' },
  { login: 'linus@example.com', status: 'SUSPENDED' },
  { login: 'new.hire@example.com', status: 'STAGED' },
  { login: 'mallory@example.com', status: 'DEPROVISIONED' },
  { login: 'corp/edsger', email: 'edsger@example.com' },
];

/** An org for the command line. With `users` also `user1@example.com` and so on, all of them active. */
export async function startOkta(options: StartOptions = {}): Promise<StartedSimulator> {
  const token = options.token ?? 'simulated-okta-token';
  const made = Array.from({ length: options.users ?? 0 }, (_, n) => ({ login: `user${n + 1}@example.com` }));
  const simulator = createOktaSimulator({
    token,
    users: [...USERS, ...made],
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    ...(options.storm === undefined ? {} : { storm: options.storm }),
    ...(options.rateLimit === false
      ? {}
      : { rateLimit: { requests: 600, perMs: 60_000 }, concurrentRequests: 75 }),
  });
  const url = await simulator.listen(options.port);
  const named = USERS.map(({ login, status = 'ACTIVE' }) => `${login} (${status})`).join(', ');
  return {
    url,
    token,
    about: [
      `Header Authorization: SSWS ${token}`,
      `Users: ${named}${made.length === 0 ? '' : `, user1@example.com to user${made.length}@example.com (ACTIVE)`}`,
      `Control: GET ${url}/__sim/state, GET ${url}/__sim/requests, POST ${url}/__sim/faults, POST ${url}/__sim/reset`,
    ],
    close: () => simulator.close(),
  };
}
