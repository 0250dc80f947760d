import type { Governor, Grant, GrantRequest, LimitReport } from '@drover/engine';
import { waitAfterLast, waitAfterRefusal, waitForPoints } from './rate-limit-headers.js';
import { TokenBucket } from './token-bucket.js';

export interface LocalGovernorOptions {
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: () => number;
  /** From 0 to 1, for jitter. */
  random?: () => number;
}

const FIRST_BACK_OFF_MS = 2_000;
const MAX_BACK_OFF_MS = 60_000;
const TOO_MANY_REQUESTS = 429;
const SERVICE_UNAVAILABLE = 503;

interface Budget {
  bucket: TokenBucket;
  /** Waves of refusals in a row that named no time. */
  refusals: number;
  /** End of the wait that the last wave led to, in milliseconds of the clock. */
  backedOffUntilMs: number;
}

/**
 * The governor of one process: a token bucket per connection and rate group, closed for as long as the vendor's answers
 * ask. A refusal that names no time backs off from 2 s to 60 s, doubling, with jitter.
 */
export class LocalGovernor implements Governor {
  readonly #budgets = new Map<string, Budget>();
  readonly #now: () => number;
  readonly #random: () => number;

  constructor({ now = Date.now, random = Math.random }: LocalGovernorOptions = {}) {
    this.#now = now;
    this.#random = random;
  }

  async take({ connectionId, rateGroup, rule }: GrantRequest): Promise<Grant> {
    const retryAfterMs = this.#budgetOf(connectionId, rateGroup).bucket.take(rule, this.#now());
    return retryAfterMs === 0 ? { granted: true } : { granted: false, retryAfterMs };
  }

  async report(report: LimitReport): Promise<{ retryAfterMs?: number }> {
    const budget = this.#budgetOf(report.connectionId, report.rateGroup);
    const nowMs = this.#now();
    const retryAfterMs = this.#waitAsked(report, budget, nowMs);
    if (retryAfterMs !== undefined) {
      budget.bucket.closeUntil(nowMs + retryAfterMs);
      return { retryAfterMs };
    }
    const emptyMs = waitAfterLast(report.headers, nowMs);
    const spentMs = report.points && waitForPoints(report.points);
    for (const waitMs of [emptyMs, spentMs]) {
      if (waitMs !== undefined) budget.bucket.closeUntil(nowMs + waitMs);
    }
    return {};
  }

  #waitAsked({ status, headers }: LimitReport, budget: Budget, nowMs: number): number | undefined {
    if (status === SERVICE_UNAVAILABLE && headers['retry-after'] !== undefined) {
      return waitAfterRefusal(headers, nowMs);
    }
    if (status !== TOO_MANY_REQUESTS) {
      budget.refusals = 0;
      return undefined;
    }
    return waitAfterRefusal(headers, nowMs) ?? this.#backOff(budget, nowMs);
  }

  /** Calls that were under way together are refused together: they are one wave and wait once. */
  #backOff(budget: Budget, nowMs: number): number {
    if (nowMs < budget.backedOffUntilMs) return budget.backedOffUntilMs - nowMs;
    const stepMs = FIRST_BACK_OFF_MS * 2 ** Math.min(budget.refusals, 10);
    budget.refusals += 1;
    const waitMs = Math.ceil(Math.min(MAX_BACK_OFF_MS, stepMs * (1 + this.#random() / 2)));
    budget.backedOffUntilMs = nowMs + waitMs;
    return waitMs;
  }

  #budgetOf(connectionId: string, rateGroup: string): Budget {
    const key = `${connectionId} ${rateGroup}`;
    const known = this.#budgets.get(key);
    if (known !== undefined) return known;
    const made: Budget = { bucket: new TokenBucket(), refusals: 0, backedOffUntilMs: 0 };
    this.#budgets.set(key, made);
    return made;
  }
}
