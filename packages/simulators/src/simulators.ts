import { createNetskopeSimulator } from './netskope/netskope-simulator.js';

export interface StartOptions {
  /** Default: a free port of 127.0.0.1. */
  port?: number;
  /** The secret that callers must show. Default: one that is printed by `start`. */
  token?: string;
  /** Milliseconds that every request takes at least. Default 0. */
  latencyMs?: number;
  /** Whether the vendor's own rate limit holds. Default true. */
  rateLimit?: boolean;
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

async function startNetskope(options: StartOptions = {}): Promise<StartedSimulator> {
  const token = options.token ?? 'simulated-netskope-token';
  const simulator = createNetskopeSimulator({
    token,
    lists: [{ name: NETSKOPE_LIST }, { name: 'Partner Sites', urls: ['partner.example.com'] }],
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    ...(options.rateLimit === false
      ? {}
      : { rateLimit: { requestsPerSecond: 4, dialect: 'ratelimit-reset' as const } }),
  });
  const url = await simulator.listen(options.port);
  return {
    url,
    token,
    about: [
      `Header: Netskope-Api-Token: ${token}`,
      `URL lists: "${NETSKOPE_LIST}" and "Partner Sites", both exact`,
      `Control: GET ${url}/__sim/state, GET ${url}/__sim/requests, POST ${url}/__sim/faults, POST ${url}/__sim/reset`,
    ],
    close: () => simulator.close(),
  };
}

/** The vendors that can be simulated, by the name that `drover simulate` takes. */
export const simulators = {
  netskope: {
    description: 'Netskope tenant: URL lists of the REST API v2, pending and applied',
    start: startNetskope,
  },
} as const satisfies Record<string, SimulatorEntry>;
