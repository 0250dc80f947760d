import type { AccessTokenStore, Connection, ConnectionVault } from '@drover/engine';
import type { Clock } from './clock.js';
import { ConnectionSession } from './connection-session.js';
import { SharedTokens } from './shared-tokens.js';
import type { ProxyEnvironment } from './proxies.js';

/** How long revealed secrets are taken for current, so that not every hook costs a read and a decryption. */
const REVEALED_FOR_MS = 5_000;

interface Entry {
  updatedAt: string;
  revealedAtMs: number;
  session: Promise<ConnectionSession>;
}

export interface SessionPoolDeps {
  vault: Pick<ConnectionVault, 'reveal'>;
  environment: ProxyEnvironment;
  /** Absent: access tokens stay in this process. */
  tokenStore?: AccessTokenStore | undefined;
  clock: Clock;
}

/** The connections in use. A changed connection or secret (a rotated file, say) gets a new session within five seconds. */
export class SessionPool {
  readonly #entries = new Map<string, Entry>();
  readonly #vault: Pick<ConnectionVault, 'reveal'>;
  readonly #environment: ProxyEnvironment;
  readonly #store: AccessTokenStore | undefined;
  readonly #clock: Clock;

  constructor(deps: SessionPoolDeps) {
    this.#vault = deps.vault;
    this.#environment = deps.environment;
    this.#store = deps.tokenStore;
    this.#clock = deps.clock;
  }

  /** Faults of `ConnectionVault.reveal` and of the session; the next call tries again. */
  sessionFor(connection: Connection): Promise<ConnectionSession> {
    const nowMs = this.#clock.now();
    const known = this.#entries.get(connection.id);
    const isCurrent =
      known?.updatedAt === connection.updatedAt && nowMs - known.revealedAtMs <= REVEALED_FOR_MS;
    if (isCurrent) return known.session;
    const entry = {
      updatedAt: connection.updatedAt,
      revealedAtMs: nowMs,
      session: this.#renew(connection, known),
    };
    this.#entries.set(connection.id, entry);
    entry.session.catch(() => {
      if (this.#entries.get(connection.id) === entry) this.#entries.delete(connection.id);
    });
    return entry.session;
  }

  async #renew(connection: Connection, known: Entry | undefined): Promise<ConnectionSession> {
    const secrets = await this.#vault.reveal(connection.id);
    const before = await known?.session.catch(() => undefined);
    if (before?.isFor(connection, secrets)) return before;
    before?.client.retire();
    const [store, clock] = [this.#store, this.#clock];
    const shared = store === undefined ? undefined : new SharedTokens({ store, clock, connection });
    return new ConnectionSession(connection, secrets, { environment: this.#environment, shared });
  }

  async close(): Promise<void> {
    const sessions = await Promise.allSettled([...this.#entries.values()].map((entry) => entry.session));
    this.#entries.clear();
    const open = sessions.flatMap((settled) => (settled.status === 'fulfilled' ? [settled.value] : []));
    await Promise.all(open.map((session) => session.close()));
  }
}
