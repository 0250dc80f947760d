import { setTimeout as sleep } from 'node:timers/promises';
import type { Doorbell } from '@drover/engine';
import type { Job, JobsOptions } from 'bullmq';
import { InProcessDoorbell } from './in-process-doorbell.js';
import type { RingQueue, RingStore, RingWorker } from './ring-store.js';

const RING = 'ring';
/** A ring that takes longer than this is left to itself: the caller goes on. */
const RING_MS = 1_000;
const CLOSE_MS = 3_000;
/** A listener waits no longer than this for the store; it listens to its own process meanwhile. */
const JOIN_MS = 1_000;
const REJOIN_MS = 2_000;
/** Delayed rings of one such time are one. */
const FOLD_MS = 20;
const ONCE: JobsOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true };

/**
 * A doorbell between processes, as jobs of BullMQ. A job holds nothing: it lets one listener of one process look, which then
 * works until it finds no more. A job whose process died rings again. At most one ring waits besides those being answered.
 * While the store of the rings is away, also at the start, rings are heard in their own process only.
 */
export class BullDoorbell implements Doorbell {
  readonly #store: RingStore;
  readonly #local = new InProcessDoorbell();
  #queue: Promise<RingQueue> | undefined;
  #worker: RingWorker | undefined;
  #joining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  readonly #closed = new AbortController();
  /** Rings that the store has not answered in time, and still not: nobody waits for another one. */
  #unanswered = 0;

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
    const isRung = this.#mayHear && (await this.#ringOthers(delayMs));
    if (!isRung) await this.#local.ring(delayMs === undefined ? {} : { delayMs });
  }

  look(): void {
    this.#local.look();
  }

  async listen(onRing: () => Promise<boolean>, options: { concurrency: number }): Promise<void> {
    await this.#local.listen(onRing, options);
    this.#joining ??= this.#join(options);
    await within(JOIN_MS, this.#joining);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Whether others may hear a ring soon. A listener joins them in the background, and its rings do not wait for that. */
  get #mayHear(): boolean {
    return this.#unanswered === 0 && (this.#joining === undefined || this.isReachable);
  }

  async #ringOthers(delayMs: number | undefined): Promise<boolean> {
    const adding = this.#add(delayMs === undefined ? nowRing() : laterRing(delayMs));
    const isRung = await within(RING_MS, adding);
    if (isRung === undefined) {
      this.#unanswered += 1;
      void adding.finally(() => (this.#unanswered -= 1));
    }
    return isRung ?? false;
  }

  /** Listens to the store as soon as it is there. */
  async #join(options: { concurrency: number }): Promise<void> {
    while (this.#closing === undefined) {
      try {
        await this.#opened();
        const worker = await this.#store.makeWorker((job) => this.#answer(job), options);
        worker.on('error', (error) => this.#store.complain(error));
        this.#worker = worker;
        await worker.waitUntilReady().catch((error: Error) => this.#store.complain(error));
        return;
      } catch (error) {
        this.#store.complain(error as Error);
        await sleep(REJOIN_MS, undefined, { ref: false, signal: this.#closed.signal }).catch(() => undefined);
      }
    }
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
    this.#closed.abort();
    await this.#worker?.pause(true);
    await this.#local.close();
    if (this.isReachable) await within(CLOSE_MS, this.#letGo());
    else void this.#worker?.close(true).catch(() => undefined);
    await this.#store.close();
  }

  async #letGo(): Promise<void> {
    await this.#worker?.close();
    await (await this.#queue)?.close();
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

/** What came of it in time. What comes later goes unheard. */
async function within<Result>(ms: number, work: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
