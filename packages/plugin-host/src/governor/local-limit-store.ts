import type {
  CircuitState,
  Grant,
  LimitNews,
  LimitStore,
  LimitTake,
  LimitVerdict,
  Refused,
} from '@drover/engine';
import { Budget } from './budget.js';
import { Circuit } from './circuit.js';

/** Budgets and circuits of one process, in memory. */
export class LocalLimitStore implements LimitStore {
  readonly epoch = 0;
  readonly #budgets = new Map<string, Budget>();
  readonly #circuits = new Map<string, Circuit>();
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async take({ connectionId, rateGroup, windows, wary, probeMs, evenIfDown }: LimitTake): Promise<Grant> {
    const nowMs = this.#now();
    const budget = this.#budgetOf(connectionId, rateGroup);
    const circuit = this.#circuitOf(connectionId);
    const downMs = evenIfDown ? 0 : circuit.waitMs(nowMs);
    if (downMs > 0) return refused(downMs, 'down');
    if (wary) budget.useUpIdle(windows, nowMs);
    const limitMs = budget.waitMs(windows, nowMs);
    if (limitMs > 0) return refused(limitMs, 'limit');
    budget.spend(windows, nowMs);
    const isProbe = !evenIfDown && circuit.sendProbe(nowMs + probeMs);
    return { granted: true, era: circuit.era, owes: circuit.isMarked || budget.refusals > 0, isProbe };
  }

  async report(news: LimitNews): Promise<LimitVerdict> {
    const nowMs = this.#now();
    const budget = this.#budgetOf(news.connectionId, news.rateGroup);
    if (news.closeMs !== undefined) budget.closeFor(news.closeMs, nowMs);
    const backOffMs = news.backOff === undefined ? undefined : budget.backOff(news.backOff, nowMs);
    if (news.vendor === 'up' && news.closeMs === undefined && backOffMs === undefined) budget.refusals = 0;
    return {
      ...(backOffMs === undefined ? {} : { backOffMs }),
      ...this.#circuitOf(news.connectionId).hear(news, nowMs),
    };
  }

  async down(): Promise<CircuitState[]> {
    const nowMs = this.#now();
    return [...this.#circuits]
      .filter(([, circuit]) => circuit.isOpen)
      .map(([connectionId, circuit]) => ({ connectionId, probeInMs: circuit.probeInMs(nowMs) }))
      .toSorted((left, right) => (left.connectionId < right.connectionId ? -1 : 1));
  }

  #budgetOf(connectionId: string, rateGroup: string): Budget {
    return madeOnce(this.#budgets, `${connectionId} ${rateGroup}`, () => new Budget());
  }

  #circuitOf(connectionId: string): Circuit {
    return madeOnce(this.#circuits, connectionId, () => new Circuit());
  }
}

function refused(waitMs: number, because: Refused['because']): Refused {
  return { granted: false, retryAfterMs: Math.ceil(waitMs), because };
}

function madeOnce<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
