import type {
  CircuitState,
  Grant,
  Granted,
  LimitNews,
  LimitStore,
  LimitTake,
  LimitVerdict,
} from '@drover/engine';

/** A closing that another process had from the vendor binds this one no later than that. */
const OPEN_MS = 100;

/**
 * A store over which budgets without windows are asked for ten times a second and not for each call, as long as the vendor is well:
 * there is nothing to count of them, and only a refusal or a vendor that is down keeps their calls back. What this process hears of
 * either holds for its next call.
 */
export class OpenBudgets implements LimitStore {
  readonly #store: LimitStore;
  readonly #now: () => number;
  /** By connection, then by rate group. */
  readonly #open = new Map<string, Map<string, { grant: Granted; untilMs: number }>>();

  /** @param options.now milliseconds on a clock that is never set back */
  constructor(store: LimitStore, { now = () => performance.now() }: { now?: () => number } = {}) {
    this.#store = store;
    this.#now = now;
  }

  get epoch(): number {
    return this.#store.epoch;
  }

  async take(request: LimitTake): Promise<Grant> {
    const { connectionId, rateGroup, windows, evenIfDown, wary } = request;
    if (windows.length > 0 || evenIfDown || wary) return this.#store.take(request);
    const budgets = this.#budgetsOf(connectionId);
    const askedMs = this.#now();
    const known = budgets.get(rateGroup);
    if (known !== undefined && askedMs < known.untilMs) return known.grant;
    const grant = await this.#store.take(request);
    // Not where news came meanwhile, after which the connection's budgets are others.
    if (isPlain(grant)) budgets.set(rateGroup, { grant, untilMs: askedMs + OPEN_MS });
    else budgets.delete(rateGroup);
    return grant;
  }

  async report(news: LimitNews): Promise<LimitVerdict> {
    this.#open.delete(news.connectionId);
    try {
      return await this.#store.report(news);
    } finally {
      // What was granted beside the news may not know of them.
      this.#open.delete(news.connectionId);
    }
  }

  down(): Promise<CircuitState[]> {
    return this.#store.down();
  }

  #budgetsOf(connectionId: string): Map<string, { grant: Granted; untilMs: number }> {
    let budgets = this.#open.get(connectionId);
    if (budgets === undefined) this.#open.set(connectionId, (budgets = new Map()));
    return budgets;
  }
}

/** Whether nothing is against the vendor, so that the next call would be granted alike. */
function isPlain(grant: Grant): grant is Granted {
  return grant.granted && !grant.owes && !grant.isProbe;
}
