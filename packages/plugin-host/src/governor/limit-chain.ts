import type { CircuitState, Grant, LimitNews, LimitStore, LimitTake, LimitVerdict } from '@drover/engine';

export interface LimitChainOptions {
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Told once each time that a store is left for the next. */
  onError?: (thrown: unknown) => void;
}

/** A store that does not answer for that long is away, … */
const PATIENCE_MS = 2_000;
/** … but the last that is shared gets longer: who is slow is still better than each for himself. */
const LAST_PATIENCE_MS = 15_000;
/** Where this process itself was held up, the answer may have come and not been read. */
const GRACE_MS = 100;
/** A store that was away is not asked again for that long. */
const REST_MS = 5_000;

interface Link {
  store: LimitStore;
  restsUntilMs: number;
  isAway: boolean;
}

/**
 * Several stores, of which the first that answers is used: no call waits for one that is away. The last one is of this process
 * and always answers. A store that this process comes to, or comes back to, may not know what was granted elsewhere just now;
 * so a budget that it knows nothing of counts as used up there, and begins with a wait of one window.
 */
export class LimitChain implements LimitStore {
  readonly epoch = 0;
  readonly #links: Link[];
  readonly #now: () => number;
  readonly #onError: (thrown: unknown) => void;
  /** What each budget was last taken from, and how that store stood. */
  readonly #lastUse = new Map<string, string>();

  constructor(
    stores: readonly [LimitStore, ...LimitStore[]],
    { now = Date.now, onError = () => undefined }: LimitChainOptions = {},
  ) {
    this.#links = stores.map((store) => ({ store, restsUntilMs: 0, isAway: false }));
    this.#now = now;
    this.#onError = onError;
  }

  take(request: LimitTake): Promise<Grant> {
    const key = `${request.connectionId} ${request.rateGroup}`;
    return this.#first(async (store, index) => {
      const use = `${index} ${store.epoch}`;
      const isFamiliar = (this.#lastUse.get(key) ?? FIRST_USE) === use;
      const grant = await store.take({ ...request, wary: request.wary || !isFamiliar });
      this.#lastUse.set(key, use);
      return grant;
    });
  }

  report(news: LimitNews): Promise<LimitVerdict> {
    return this.#first((store) => store.report(news));
  }

  down(): Promise<CircuitState[]> {
    return this.#first((store) => store.down());
  }

  async #first<Result>(ask: (store: LimitStore, index: number) => Promise<Result>): Promise<Result> {
    const last = this.#links.length - 1;
    for (const [index, link] of this.#links.slice(0, last).entries()) {
      if (this.#now() < link.restsUntilMs) continue;
      try {
        const result = await inTime(
          ask(link.store, index),
          index === last - 1 ? LAST_PATIENCE_MS : PATIENCE_MS,
        );
        link.isAway = false;
        return result;
      } catch (thrown) {
        link.restsUntilMs = this.#now() + REST_MS;
        if (!link.isAway) this.#onError(thrown);
        link.isAway = true;
      }
    }
    return ask(this.#links[last]!.store, last);
  }
}

/** The first store, as it is when it was never lost. */
const FIRST_USE = '0 0';

/** What comes later goes unheard. */
async function inTime<Result>(work: Promise<Result>, patienceMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const giveUp = (): void => reject(new Error(`no answer within ${patienceMs} ms`));
    timer = setTimeout(() => (timer = setTimeout(giveUp, GRACE_MS)), patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
