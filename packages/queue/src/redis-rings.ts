import type { Job } from 'bullmq';
import { RedisLink } from './redis-link.js';
import type { RingQueue, RingStore, RingStoreOptions, RingWorker } from './ring-store.js';

const RINGS = 'rings';
const CONNECT_MS = 5_000;

/** Rings in Redis. `openQueue` faults: `REDIS_UNREACHABLE`, `REDIS_REFUSES`, `REDIS_EVICTS`, `VARIABLE_INVALID`. */
export class RedisRings implements RingStore {
  readonly #link: RedisLink;

  /** @param url as `parseRedisUrl` reads it, whose faults it throws */
  constructor(url: string, { onError }: RingStoreOptions) {
    this.#link = new RedisLink(url, onError);
  }

  get isConnected(): boolean {
    return this.#link.isConnected;
  }

  async openQueue(): Promise<RingQueue> {
    const client = await this.#link.connected(CONNECT_MS);
    const { Queue } = await import('./redis-libraries.js');
    return new Queue(RINGS, { connection: client, prefix: this.#prefix });
  }

  async makeWorker(
    answer: (job: Job) => Promise<void>,
    { concurrency }: { concurrency: number },
  ): Promise<RingWorker> {
    const { PatientWorker } = await import('./redis-libraries.js');
    return new PatientWorker(RINGS, answer, {
      connection: await this.#link.client(),
      prefix: this.#prefix,
      concurrency,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
  }

  complain(error: Error): void {
    this.#link.complain(error);
  }

  async close(): Promise<void> {
    this.#link.close();
  }

  get #prefix(): string {
    // In braces, so that all keys of the queue lie in one slot of a cluster.
    return `{${this.#link.prefix}}`;
  }
}
