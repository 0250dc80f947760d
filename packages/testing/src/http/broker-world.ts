import type {
  AccessTokenStore,
  Connection,
  ConnectionVault,
  PluginTarget,
  TransportSettings,
} from '@drover/engine';
import {
  type AuthSpec,
  type CallSpec,
  Fault,
  type LimitsSpec,
  newId,
  type PluginManifest,
  WIRE_PROTOCOL,
} from '@drover/model';
import {
  type Broker,
  type CallScope,
  createBroker,
  type HookBroker,
  LocalGovernor,
  type ProxyEnvironment,
} from '@drover/plugin-host';
import { type ManualClock, manualClock } from './manual-clock.js';

export interface BrokerWorldOptions {
  baseUrl: string;
  calls: CallSpec[];
  /** Default: the secret `apiToken` in the header `x-api-token`. */
  auth?: Record<string, AuthSpec>;
  limits?: Partial<LimitsSpec>;
  settings?: Record<string, unknown>;
  /** Default: an `apiToken`. */
  secrets?: Record<string, string>;
  transport?: Partial<TransportSettings>;
  proxyEnvironment?: ProxyEnvironment;
  /** Default: access tokens stay in the broker. */
  tokenStore?: AccessTokenStore;
}

/** The real broker and governor over a vendor's mock or a loopback server, with a clock that never lets a test wait. */
export interface BrokerWorld {
  broker: Broker;
  clock: ManualClock;
  /** A hook over the connection as it is now. Default scope: `apply`, may write, never aborted. */
  hook(scope?: Partial<CallScope>): Promise<HookBroker>;
  /** Changes the connection as `ConnectionVault.update` does. */
  change(changes: { settings?: Record<string, unknown>; secrets?: Record<string, string> }): void;
  /** Changes a secret behind the vault's back, as a rotated file does. */
  rotate(secrets: Record<string, string>): void;
  /** How often the secrets were revealed. */
  readonly reveals: number;
}

export function openBrokerWorld(options: BrokerWorldOptions): BrokerWorld {
  const clock = manualClock();
  const vault = new OneConnectionVault(options, clock);
  const governor = new LocalGovernor({ now: () => clock.now(), random: () => 0 });
  const broker = createBroker({
    vault,
    governor,
    clock,
    random: () => 0.5,
    ...(options.proxyEnvironment === undefined ? {} : { proxyEnvironment: options.proxyEnvironment }),
    ...(options.tokenStore === undefined ? {} : { tokenStore: options.tokenStore }),
  });
  const manifest = worldManifest(options);
  return {
    broker,
    clock,
    hook(scope = {}) {
      const target: PluginTarget = { bundleDigest: 'none', manifest, connection: vault.connection };
      const open = { mode: 'apply', signal: new AbortController().signal } as const;
      return broker.forHook(target, { ...open, beforeWrite: async () => ({ do: 'send' }), ...scope });
    },
    change: (changes) => vault.change(changes),
    rotate: (secrets) => vault.rotate(secrets),
    get reveals() {
      return vault.reveals;
    },
  };
}

/** The part of a vault that the broker uses, over one connection in memory. */
class OneConnectionVault implements Pick<ConnectionVault, 'reveal'> {
  connection: Connection;
  reveals = 0;
  #secrets: Record<string, string>;
  readonly #clock: ManualClock;

  constructor(options: BrokerWorldOptions, clock: ManualClock) {
    const at = new Date(clock.now()).toISOString();
    this.#clock = clock;
    this.#secrets = options.secrets ?? { apiToken: 'tok-0123456789' };
    this.connection = {
      id: newId('connection'),
      name: 'prod',
      vendor: 'Acme',
      settings: { baseUrl: options.baseUrl, ...options.settings },
      transport: { verifyTls: true, proxy: 'system', ...options.transport },
      secrets: Object.fromEntries(Object.keys(this.#secrets).map((name) => [name, 'stored'])),
      createdAt: at,
      updatedAt: at,
    };
  }

  async reveal(id: string): Promise<Record<string, string>> {
    if (id !== this.connection.id) throw new Fault('NOT_FOUND', `There is no connection ${id}.`);
    this.reveals += 1;
    return { ...this.#secrets };
  }

  change(changes: { settings?: Record<string, unknown>; secrets?: Record<string, string> }): void {
    this.#clock.advance(1);
    this.#secrets = { ...this.#secrets, ...changes.secrets };
    this.connection = {
      ...this.connection,
      settings: { ...this.connection.settings, ...changes.settings },
      updatedAt: new Date(this.#clock.now()).toISOString(),
    };
  }

  rotate(secrets: Record<string, string>): void {
    this.#secrets = { ...this.#secrets, ...secrets };
  }

  create = notServed;
  update = notServed;
  find = notServed;
  list = notServed;
  remove = notServed;
}

async function notServed(): Promise<never> {
  throw new Fault('INTERNAL', 'A broker asks its vault for nothing but secrets.');
}

function worldManifest({ calls, auth, limits }: BrokerWorldOptions): PluginManifest {
  return {
    id: 'acme.test',
    version: '1.0.0',
    name: 'Test',
    description: 'Calls of a test.',
    vendor: 'Acme',
    kind: 'action',
    engines: { drover: '^0.1.0' },
    protocol: WIRE_PROTOCOL,
    connection: {
      schema: { type: 'object' },
      auth: auth ?? { default: { type: 'header', name: 'x-api-token', secret: 'apiToken' } },
    },
    config: { type: 'object' },
    calls,
    limits: { objectsPerRun: { default: 1_000, max: 10_000 }, batch: { objects: 100 }, ...limits },
    triggers: ['manual'],
  };
}
