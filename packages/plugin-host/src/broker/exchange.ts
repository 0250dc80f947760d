import type { Readable } from 'node:stream';
import { type Breakage, breakageOf, type Seen } from './breakage.js';
import type { VendorAnswer } from './vendor-response.js';
import { WireRequest, type WireWatcher } from './wire-request.js';

/** What came of one request. */
export type Exchange =
  { kind: 'answer'; status: number; headers: Readonly<Record<string, string>>; text: string } | Breakage;

export interface ExchangeLimits {
  timeoutMs: number;
  maxResponseBytes: number;
  signal: AbortSignal;
  /** Asked when the connection stands, right before the first byte; throwing keeps all of them back. */
  beforeBytes?: (() => void) | undefined;
}

/** Node takes anything longer for 1 ms. */
const LONGEST_TIMER_MS = 2_147_483_647;
/** How long a request that is broken off is still listened to: an answer that has come to this machine already is better than a riddle. */
const LAST_LOOK_MS = 50;
/** Leaves a byte order mark out. */
const UTF_8 = new TextDecoder();

/** Waits for what comes of a request. Never rejects: what is thrown may hold the request with its secrets and stays in here. */
export function exchangeOver(
  limits: ExchangeLimits,
  send: (wire: WireRequest) => Promise<VendorAnswer>,
): Promise<Exchange> {
  return new Promise((resolve) => new ExchangeUnderWay(limits, resolve).follow(send));
}

class ExchangeUnderWay implements WireWatcher {
  readonly #limits: ExchangeLimits;
  readonly #resolve: (exchange: Exchange) => void;
  readonly #wire = new WireRequest(this);
  readonly #seen: Seen = { connected: false, tooLarge: false, timedOut: false, aborted: false };
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #lastLook: NodeJS.Timeout | undefined;
  #bytes = 0;
  #body: Readable | undefined;
  #isOver = false;

  constructor(limits: ExchangeLimits, resolve: (exchange: Exchange) => void) {
    this.#limits = limits;
    this.#resolve = resolve;
    this.#timer = setTimeout(() => this.#stop('timedOut'), Math.min(limits.timeoutMs, LONGEST_TIMER_MS));
    limits.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  follow(send: (wire: WireRequest) => Promise<VendorAnswer>): void {
    send(this.#wire).then(
      (answer) => this.#receive(answer),
      (error: unknown) => this.broken(error),
    );
    if (this.#limits.signal.aborted) this.#onAbort();
  }

  #receive(answer: VendorAnswer): void {
    const { headers, body } = answer;
    if (this.#isOver) {
      body.destroy();
      return;
    }
    this.#body = body;
    body.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#keepWithin((this.#bytes += chunk.length));
    });
    body.on('end', () => this.#answer(answer));
    body.on('error', (error) => this.broken(error));
    this.#keepWithin(Number(headers['content-length'] ?? 0));
  }

  beforeBytes(): void {
    try {
      this.#limits.beforeBytes?.();
      this.#seen.connected = true;
    } catch (refusal) {
      this.#seen.refusal = refusal;
      throw refusal;
    }
  }

  broken(error: unknown): void {
    this.#stopWatching();
    this.#resolve(breakageOf(error, this.#seen));
    this.#drop();
  }

  readonly #onAbort = (): void => {
    if (!this.#seen.connected) this.#stop('aborted');
    else this.#lastLook ??= setTimeout(() => this.#stop('aborted'), LAST_LOOK_MS);
  };

  #keepWithin(bytes: number): void {
    if (bytes > this.#limits.maxResponseBytes) this.#stop('tooLarge');
  }

  #stop(why: 'timedOut' | 'aborted' | 'tooLarge'): void {
    this.#seen[why] = true;
    this.broken(undefined);
  }

  /** Destroying is what ends a download for sure: unpacking goes on after the last byte has come. */
  #drop(): void {
    this.#wire.giveUp();
    this.#body?.destroy();
  }

  #answer({ status, headers }: VendorAnswer): void {
    const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    const text = UTF_8.decode(bytes);
    this.#stopWatching();
    // Undici frees the connection a turn after the answer: whoever sends the next request right away would open another.
    setImmediate(this.#resolve, { kind: 'answer', status, headers, text } satisfies Exchange);
  }

  #stopWatching(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#lastLook);
    this.#limits.signal.removeEventListener('abort', this.#onAbort);
  }
}
