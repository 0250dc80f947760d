import type { Doorbell } from '@drover/engine';
import type { Job, JobsOptions } from 'bullmq';
import { InProcessDoorbell } from './in-process-doorbell.js';
import type { RingQueue, RingStore, RingWorker } from './ring-store.js';

const RING = 'ring';
/** A ring that takes longer than this is left to itself: the caller goes on. */
const RING_MS = 1_000;
const CLOSE_MS = 3_000;
/** Delayed rings of one such time are one. */
const FOLD_MS = 20;
const ONCE: JobsOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true };

/**
 * A doorbell between processes, as jobs of BullMQ. A job holds nothing: it lets one listener of one process look, which then
 * works until it finds no more. A job whose process died rings again. At most one ring waits besides those being answered.
 * While the store of the rings is away, rings are heard in their own process only.
 */
export class BullDoorbell implements Doorbell {
  readonly #store: RingStore;
  readonly #local = new InProcessDoorbell();
  #queue: Promise<RingQueue> | undefined;
  #worker: RingWorker | undefined;
  #closing: Promise<void> | undefined;

  /** @param store is this doorbell's own from here on, which closes it */
  constructor(store: RingStore) {
    this.#store = store;
  }

  get isReachable(): boolean {
    return this.#store.isConnected;
  }

  /** Connects and looks whether this store will do. Faults: those of the store. */
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
    const worker = await this.#store.makeWorker((job) => this.#answer(job), options);
    worker.on('error', (error) => this.#store.complain(error));
    this.#worker = worker;
    await worker.waitUntilReady();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** From here on the next ring is a new job: whoever has work to offer now is heard after this one looked. */
  async #answer(job: Job): Promise<void> {
    await job.removeDeduplicationKey().catch((error: Error) => this.#store.complain(error));
    await this.#local.answer();
  }

  #opened(): Promise<RingQueue> {
    this.#queue ??= this.#open().catch((error: unknown) => {
      this.#queue = undefined;
      throw error;
    });
    return this.#queue;
  }

  async #open(): Promise<RingQueue> {
    const queue = await this.#store.openQueue();
    queue.on('error', (error) => this.#store.complain(error));
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
    await this.#store.close();
  }

  async #letGo(queue: RingQueue | undefined): Promise<boolean> {
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
