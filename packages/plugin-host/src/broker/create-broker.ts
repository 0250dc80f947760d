import type { AccessTokenStore, ConnectionVault, Governor, PluginTarget } from '@drover/engine';
import { Fault } from '@drover/model';
import type { Broker, CallScope, HookBroker } from './broker.js';
import type { RunnerDeps } from './call-runner.js';
import { type Clock, systemClock } from './clock.js';
import { GrantDesk } from './grant-desk.js';
import { SessionHookBroker } from './hook-broker.js';
import { SessionPool } from './session-pool.js';
import type { ProxyEnvironment } from './proxies.js';

export interface BrokerOptions {
  vault: Pick<ConnectionVault, 'reveal'>;
  governor: Governor;
  /** Where processes share access tokens. Default: each has its own. */
  tokenStore?: AccessTokenStore;
  /** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` for connections whose proxy is `system`. Default: none is set. */
  proxyEnvironment?: ProxyEnvironment;
  /** Default: the system's. */
  clock?: Clock;
  /** From 0 to 1, for jitter. */
  random?: () => number;
}

/** The broker of one process: sessions, sockets and access tokens are shared by all hooks over a connection. */
export function createBroker(options: BrokerOptions): Broker {
  return new SharedBroker(options);
}

class SharedBroker implements Broker {
  readonly #sessions: SessionPool;
  readonly #runner: RunnerDeps;
  readonly #closing = new AbortController();

  constructor({
    vault,
    governor,
    tokenStore,
    proxyEnvironment = {},
    clock = systemClock,
    random = Math.random,
  }: BrokerOptions) {
    this.#sessions = new SessionPool({ vault, environment: proxyEnvironment, tokenStore, clock });
    this.#runner = { governor, desk: new GrantDesk(governor, clock), clock, random };
  }

  async forHook(target: PluginTarget, scope: CallScope): Promise<HookBroker> {
    const session = await this.#sessions.sessionFor(target.connection);
    return new SessionHookBroker({
      runner: this.#runner,
      session,
      target,
      scope,
      closing: this.#closing.signal,
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new Fault('CANCELLED', 'The runtime is stopping.'));
    await this.#sessions.close();
  }
}
