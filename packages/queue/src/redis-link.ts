import { Fault } from '@drover/model';
import type { Cluster, Redis } from 'ioredis';
import { type RedisAddress, parseRedisUrl } from './redis-url.js';

export type RedisClient = Redis | Cluster;

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;

/** How long a client waits before it tries to connect again. */
function retryDelayMs(times: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(times - 1, 10), MAX_RETRY_MS);
}

/** One client of a Redis. It connects again by itself for as long as it is open; commands wait for that. */
export class RedisLink {
  readonly #address: RedisAddress;
  readonly #onError: (fault: Fault) => void;
  readonly #retries: number | null;
  #client: RedisClient | undefined;
  #wasLost = false;

  /**
   * @param onError told once each time that the connection is lost
   * @param retries how often a command whose connection was lost waits for the next one; `null`: always
   */
  constructor(
    url: string,
    onError: (fault: Fault) => void,
    { retries = null }: { retries?: number | null } = {},
  ) {
    this.#retries = retries;
    this.#address = parseRedisUrl(url);
    this.#onError = onError;
  }

  get prefix(): string {
    return this.#address.prefix;
  }

  get isConnected(): boolean {
    return this.#client?.status === 'ready';
  }

  async client(): Promise<RedisClient> {
    if (this.#client !== undefined) return this.#client;
    const { Cluster, Redis } = await import('./redis-libraries.js');
    const address = this.#address;
    const client: RedisClient =
      address.kind === 'cluster'
        ? new Cluster(address.nodes, {
            ...address.options,
            clusterRetryStrategy: retryDelayMs,
            redisOptions: { ...address.options.redisOptions, maxRetriesPerRequest: this.#retries },
          })
        : new Redis({ ...address.options, maxRetriesPerRequest: this.#retries, retryStrategy: retryDelayMs });
    client.on('error', (error: Error) => this.#lost(error));
    client.on('ready', () => (this.#wasLost = false));
    this.#client = client;
    return client;
  }

  /** Resolves when it is connected, to the database of its address. Faults: `REDIS_UNREACHABLE`, `VARIABLE_INVALID`. */
  async connected(timeoutMs: number): Promise<RedisClient> {
    const client = await this.client();
    await this.#ready(client, timeoutMs);
    await this.#checkDatabase(client);
    return client;
  }

  /** A client whose database is not there goes on with the first one, which may be somebody else's. */
  async #checkDatabase(client: RedisClient): Promise<void> {
    const address = this.#address;
    if (address.kind === 'cluster' || !address.options.db) return;
    const { db } = address.options;
    await client.select(db).catch((error: Error) => {
      if (client.status !== 'ready') throw unreachable(this.place, error.message);
      throw new Fault(
        'VARIABLE_INVALID',
        `DROVER_REDIS_URL names database ${db}, which Redis at ${this.place} does not have: ${error.message}.`,
      );
    });
  }

  async #ready(client: RedisClient, timeoutMs: number): Promise<void> {
    if (client.status === 'ready') return;
    let reason = 'no answer';
    const onError = (error: Error): void => void (reason = error.message || reason);
    await new Promise<void>((resolve, reject) => {
      const onReady = (): void => settle(resolve);
      const giveUp = (): void => settle(() => reject(unreachable(this.place, reason)));
      const timer = setTimeout(giveUp, timeoutMs);
      function settle(end: () => void): void {
        clearTimeout(timer);
        client.off('ready', onReady);
        client.off('error', onError);
        client.off('end', giveUp);
        end();
      }
      client.once('ready', onReady);
      client.on('error', onError);
      // It was closed meanwhile.
      client.once('end', giveUp);
    });
  }

  /** Fault `REDIS_EVICTS` when this Redis may throw away what is in it as memory gets short. */
  async checkPolicy(client: RedisClient): Promise<void> {
    const policy = await evictionPolicy(client);
    if (policy === undefined || policy === 'noeviction') return;
    throw new Fault(
      'REDIS_EVICTS',
      `Redis at ${this.place} has maxmemory-policy ${policy}: it would throw rings away; set it to noeviction.`,
    );
  }

  close(): void {
    this.#client?.disconnect();
  }

  /** Hosts and ports: nothing that is secret. */
  get place(): string {
    const address = this.#address;
    const places =
      address.kind === 'cluster'
        ? (address.nodes as { host: string; port: number }[])
        : (address.options.sentinels ?? [{ host: address.options.host, port: address.options.port }]);
    return places.map(({ host, port }) => `${host}:${port}`).join(', ');
  }

  #lost(error: Error): void {
    if (this.#wasLost) return;
    this.#wasLost = true;
    this.#onError(unreachable(this.place, error.message));
  }
}

function unreachable(place: string, reason: string): Fault {
  return new Fault('REDIS_UNREACHABLE', `Redis at ${place} does not answer: ${reason}.`);
}

/** Hosted services often refuse CONFIG; what INFO says there is the same. */
async function evictionPolicy(client: RedisClient): Promise<string | undefined> {
  const said = (await client.info('memory')) as string;
  return /^maxmemory_policy:(\S+)/m.exec(said)?.[1];
}
