import type { Job } from 'bullmq';
import { PostgresLink } from './postgres-link.js';
import type { RingQueue, RingStore, RingStoreOptions, RingWorker } from './ring-store.js';

/** Another program may have queues of BullMQ in the same database. */
const RINGS = 'drover-rings';
/** BullMQ writes down what happens to its jobs; nobody here reads it. */
const KEPT_EVENTS = 1;
const RETRY_MS = 1_000;

/** Rings in a PostgreSQL database, in a schema of BullMQ's own. `openQueue` faults: `DATABASE_UNREACHABLE`. */
export class PostgresRings implements RingStore {
  readonly #link: PostgresLink;
  readonly #options: RingStoreOptions;

  constructor(url: string, options: RingStoreOptions) {
    this.#link = new PostgresLink(url, options.onError);
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#link.isConnected;
  }

  async openQueue(): Promise<RingQueue> {
    await this.#link.migrated();
    const { Queue, createPostgresBackend } = await import('./postgres-libraries.js');
    const connection = await this.#link.pool();
    return new Queue(
      RINGS,
      { connection, streams: { events: { maxLen: KEPT_EVENTS } } },
      createPostgresBackend,
    );
  }

  async makeWorker(
    answer: (job: Job) => Promise<void>,
    { concurrency }: { concurrency: number },
  ): Promise<RingWorker> {
    const { Worker, createPostgresBackend } = await import('./postgres-libraries.js');
    return new Worker(
      RINGS,
      answer,
      {
        connection: await this.#link.pool(),
        concurrency,
        runRetryDelay: RETRY_MS,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      },
      createPostgresBackend,
    );
  }

  complain(error: Error): void {
    if (this.isConnected && !this.#link.saysLost(error)) this.#options.onError(error);
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
