import type { StartedSimulator, StartOptions } from '../simulator/started-simulator.js';
import { createCrowdstrikeSimulator } from './crowdstrike-simulator.js';
import { makeUsers } from './users.js';

const CLIENT_ID = 'simulated-crowdstrike-client';
/** So many unless others are asked for. */
const USUAL_USERS = 1_000;
const NO_LIMIT = 1_000_000_000;

export async function startCrowdstrike(options: StartOptions = {}): Promise<StartedSimulator> {
  const token = options.token ?? 'simulated-crowdstrike-secret';
  const users = options.users || USUAL_USERS;
  const simulator = createCrowdstrikeSimulator({
    client: { id: CLIENT_ID, secret: token },
    users: makeUsers(users, Date.now()),
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    ...(options.storm === undefined ? {} : { storm: options.storm }),
    ...(options.rateLimit === false
      ? { requestsPerMinute: NO_LIMIT, points: { points: NO_LIMIT, perMs: 300_000 } }
      : {}),
  });
  const url = await simulator.listen(options.port);
  return {
    url,
    token,
    about: [
      `OAuth2: client id ${CLIENT_ID}, client secret ${token}`,
      `Users: ${users} with an address, user0@example.com and so on; archived ones and some without an address on top`,
      `Control: POST ${url}/__sim/users changes one, DELETE ${url}/__sim/tokens revokes all tokens; GET ${url}/__sim/state, POST ${url}/__sim/faults, …`,
    ],
    close: () => simulator.close(),
  };
}
