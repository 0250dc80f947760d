import type { Job } from 'bullmq';
import { RedisLink } from './redis-link.js';
import type { RingQueue, RingStore, RingStoreOptions, RingWorker } from './ring-store.js';

const RINGS = 'rings';
const CONNECT_MS = 5_000;

/** Rings in Redis. `openQueue` faults: `REDIS_UNREACHABLE`, `REDIS_EVICTS`, `VARIABLE_INVALID`. */
export class RedisRings implements RingStore {
  readonly #link: RedisLink;
  readonly #options: RingStoreOptions;

  /** @param url as `parseRedisUrl` reads it, whose faults it throws */
  constructor(url: string, options: RingStoreOptions) {
    this.#link = new RedisLink(url, options.onError);
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#link.isConnected;
  }

  async openQueue(): Promise<RingQueue> {
    const client = await this.#link.connected(CONNECT_MS);
    await this.#link.checkPolicy(client);
    const { Queue } = await import('./redis-libraries.js');
    return new Queue(RINGS, { connection: client, prefix: this.#prefix });
  }

  async makeWorker(
    answer: (job: Job) => Promise<void>,
    { concurrency }: { concurrency: number },
  ): Promise<RingWorker> {
    const { Worker } = await import('./redis-libraries.js');
    return new Worker(RINGS, answer, {
      connection: await this.#link.client(),
      prefix: this.#prefix,
      concurrency,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
  }

  complain(error: Error): void {
    if (this.isConnected) this.#options.onError(error);
  }

  async close(): Promise<void> {
    this.#link.close();
  }

  get #prefix(): string {
    // In braces, so that all keys of the queue lie in one slot of a cluster.
    return `{${this.#link.prefix}}`;
  }
}
