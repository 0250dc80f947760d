import type { Doorbell } from '@drover/engine';
import type { Fault } from '@drover/model';
import type { Job, JobsOptions, Queue, Worker } from 'bullmq';
import { InProcessDoorbell } from './in-process-doorbell.js';
import { RedisLink } from './redis-link.js';

export interface RedisDoorbellOptions {
  /** Told once each time that Redis is lost, and what BullMQ complains of. */
  onError(fault: Fault | Error): void;
}

const QUEUE = 'rings';
const RING = 'ring';
const CONNECT_MS = 5_000;
/** A ring that takes longer than this is left to itself: the caller goes on. */
const RING_MS = 1_000;
const CLOSE_MS = 3_000;
/** Delayed rings of one such time are one. */
const FOLD_MS = 20;
const ONCE: JobsOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true };

/**
 * A doorbell between processes, as jobs of BullMQ in Redis. A job holds nothing: it lets one listener of one process look,
 * which then works until it finds no more. A job whose process died rings again. At most one ring waits besides those
 * being answered. While Redis is away, rings are heard in their own process only.
 */
export class RedisDoorbell implements Doorbell {
  readonly #link: RedisLink;
  readonly #options: RedisDoorbellOptions;
  readonly #local = new InProcessDoorbell();
  #queue: Promise<Queue> | undefined;
  #worker: Worker | undefined;
  #closing: Promise<void> | undefined;

  /** @param url as `parseRedisUrl` reads it, whose faults it throws */
  constructor(url: string, options: RedisDoorbellOptions) {
    this.#link = new RedisLink(url, options.onError);
    this.#options = options;
  }

  get isReachable(): boolean {
    return this.#link.isConnected;
  }

  /** Connects and looks whether this Redis will do. Faults: `REDIS_UNREACHABLE`, `REDIS_EVICTS`. */
  async open(): Promise<void> {
    await this.#opened();
  }

  async ring({ delayMs }: { delayMs?: number } = {}): Promise<void> {
    if (this.#closing !== undefined) return;
    const options = delayMs === undefined ? nowRing() : laterRing(delayMs);
    const isRung = await within(RING_MS, this.#add(options));
    if (!isRung) await this.#local.ring(delayMs === undefined ? {} : { delayMs });
  }

  look(): void {
    this.#local.look();
  }

  async listen(onRing: () => Promise<boolean>, options: { concurrency: number }): Promise<void> {
    await this.#local.listen(onRing, options);
    if (this.#worker !== undefined) return;
    await this.#opened();
    const { Worker: BullWorker } = await import('./redis-libraries.js');
    const worker = new BullWorker(QUEUE, (job) => this.#answer(job), {
      connection: await this.#link.client(),
      prefix: this.#prefix,
      concurrency: options.concurrency,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    worker.on('error', (error) => {
      if (this.isReachable) this.#options.onError(error);
    });
    this.#worker = worker;
    await worker.waitUntilReady();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  get #prefix(): string {
    // In braces, so that all keys of the queue lie in one slot of a cluster.
    return `{${this.#link.prefix}}`;
  }

  /** From here on the next ring is a new job: whoever has work to offer now is heard after this one looked. */
  async #answer(job: Job): Promise<void> {
    await job.removeDeduplicationKey().catch(this.#options.onError);
    await this.#local.answer();
  }

  #opened(): Promise<Queue> {
    this.#queue ??= this.#open().catch((error: unknown) => {
      this.#queue = undefined;
      throw error;
    });
    return this.#queue;
  }

  async #open(): Promise<Queue> {
    const client = await this.#link.connected(CONNECT_MS);
    await this.#link.checkPolicy(client);
    const { Queue: BullQueue } = await import('./redis-libraries.js');
    const queue = new BullQueue(QUEUE, { connection: client, prefix: this.#prefix });
    queue.on('error', (error) => {
      if (this.isReachable) this.#options.onError(error);
    });
    await queue.waitUntilReady();
    return queue;
  }

  async #add(options: JobsOptions): Promise<boolean> {
    try {
      const queue = await this.#opened();
      if (!this.isReachable) return false;
      await queue.add(RING, null, options);
      return true;
    } catch {
      return false;
    }
  }

  async #close(): Promise<void> {
    await this.#worker?.pause(true);
    await this.#local.close();
    const queue = await this.#queue?.catch(() => undefined);
    if (this.isReachable) await within(CLOSE_MS, this.#letGo(queue));
    else void this.#worker?.close(true).catch(() => undefined);
    this.#link.close();
  }

  async #letGo(queue: Queue | undefined): Promise<boolean> {
    await this.#worker?.close();
    await queue?.close();
    return true;
  }
}

function nowRing(): JobsOptions {
  return { ...ONCE, deduplication: { id: RING } };
}

/** A job id must hold a letter and no colon; a job whose id is there is not added again. */
function laterRing(delayMs: number): JobsOptions {
  const at = Math.ceil((Date.now() + delayMs) / FOLD_MS) * FOLD_MS;
  return { ...ONCE, delay: at - Date.now(), jobId: `due-${at}` };
}

/** Whether it came true in time. What comes later goes unheard. */
async function within(ms: number, work: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.catch(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
