import PQueue from 'p-queue';
import { orStopped } from './stopped.js';

/** Answers come in bursts, as intents do: with no more ready than slots come free on average, some stay empty. */
const FOR_BURSTS = 2.5;
/** How much the latest measurement counts in a mean over the ones before. */
const NEWEST_SHARE = 0.1;

export interface CallSlotsOptions {
  /** Most calls at the vendor at a time. */
  atVendor: number;
  /** Most calls that get ready before one of those is free. */
  ahead: number;
  /** Milliseconds of a clock that never goes back. Default: the process's. */
  now?: () => number;
}

/**
 * What the calls of one plugin share of the vendor, where an intent has to be on the disk before a call leaves. A slot is taken
 * for as long as the vendor works, and not for the writing of the intent: the intents of the next calls are written
 * meanwhile, two to three times as many as slots come free in that time. So a crash leaves few intents of calls that never
 * left, and none where the vendor takes much longer than the disk.
 */
export class CallSlots {
  readonly #options: Required<CallSlotsOptions>;
  readonly #turns: PQueue;
  readonly #atVendor: PQueue;
  readonly #preparing = new Mean();
  readonly #answering = new Mean();

  constructor(options: CallSlotsOptions) {
    this.#options = { now: () => performance.now(), ...options };
    this.#turns = new PQueue({ concurrency: options.atVendor + Math.min(1, options.ahead) });
    this.#atVendor = new PQueue({ concurrency: options.atVendor });
  }

  /** Calls that may be ready or at the vendor now. */
  get turns(): number {
    return this.#turns.concurrency;
  }

  /** Works when it is this call's turn to get ready, until its end. Throws the signal's fault when that aborts before. */
  inTurn<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    return inLine(this.#turns, work, signal);
  }

  /** What a call does before it leaves: measured, so that the next ones begin with it in time. */
  async ready<Result>(work: () => Promise<Result>): Promise<Result> {
    const { result, tookMs } = await this.#measure(work);
    this.#preparing.add(tookMs);
    return result;
  }

  /** Calls the vendor when a slot is free. Throws the signal's fault when that aborts before. */
  async atVendor<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const { result, tookMs } = await inLine(this.#atVendor, () => this.#measure(work), signal);
    this.#answering.add(tookMs);
    this.#adapt();
    return result;
  }

  /** As many ahead as slots come free while one call gets ready, and those of a burst. */
  #adapt(): void {
    const { atVendor, ahead } = this.#options;
    const freeMeanwhile = (atVendor * this.#preparing.value) / Math.max(1, this.#answering.value);
    const turns = atVendor + Math.min(ahead, Math.max(1, Math.ceil(FOR_BURSTS * freeMeanwhile)));
    if (turns !== this.#turns.concurrency) this.#turns.concurrency = turns;
  }

  async #measure<Result>(work: () => Promise<Result>): Promise<{ result: Result; tookMs: number }> {
    const startedMs = this.#options.now();
    const result = await work();
    return { result, tookMs: this.#options.now() - startedMs };
  }
}

/** A mean that forgets. */
class Mean {
  #value: number | undefined;

  get value(): number {
    return this.#value ?? 0;
  }

  add(measured: number): void {
    this.#value =
      this.#value === undefined ? measured : this.#value + NEWEST_SHARE * (measured - this.#value);
  }
}

/** A task with a signal would be given up by the queue while it runs: what is on its way has to be waited for. */
async function inLine<Result>(
  line: PQueue,
  work: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const turn = Promise.withResolvers<() => void>();
  void line.add(() => new Promise<void>((end) => turn.resolve(end)));
  let end: () => void;
  try {
    end = await orStopped(turn.promise, signal);
  } catch (stopped) {
    void turn.promise.then((giveUp) => giveUp());
    throw stopped;
  }
  try {
    return await work();
  } finally {
    end();
  }
}
