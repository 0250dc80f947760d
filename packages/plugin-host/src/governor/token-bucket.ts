import type { RateRule } from '@drover/model';

/** Sums of fractions are off by a hair; the token that a refusal promised for a time has to be there at that time. */
const ROUNDING_TOKENS = 1e-6;
const ROUNDING_MS = 1e-8;

/** What one connection and rate group may still send. Times are milliseconds of the caller's clock. */
export class TokenBucket {
  /** Undefined until a first rule comes: then it is full. */
  #tokens: number | undefined;
  #refilledAtMs = 0;
  #closedUntilMs = 0;

  /** Takes a token and answers 0, or leaves it and answers how long until there is one. Never negative. */
  take(rule: RateRule | undefined, nowMs: number): number {
    const closedMs = this.#closedUntilMs - nowMs;
    if (rule === undefined) return Math.max(0, Math.ceil(closedMs));
    const tokens = this.#refill(rule, nowMs);
    if (closedMs <= 0 && tokens >= 1) {
      this.#tokens = tokens - 1;
      return 0;
    }
    const missing = Math.max(0, 1 - tokens);
    return Math.ceil(Math.max(closedMs, (missing * rule.perMs) / rule.requests - ROUNDING_MS));
  }

  /** Gives nothing out before this time; a closing that lasts longer already stays. */
  closeUntil(timeMs: number): void {
    this.#closedUntilMs = Math.max(this.#closedUntilMs, timeMs);
  }

  #refill(rule: RateRule, nowMs: number): number {
    const capacity = Math.max(1, rule.burst ?? rule.requests);
    const elapsedMs = Math.max(0, nowMs - this.#refilledAtMs);
    const refilled = (this.#tokens ?? capacity) + (elapsedMs * rule.requests) / rule.perMs;
    this.#tokens = Math.min(capacity, refilled);
    this.#refilledAtMs = nowMs;
    return this.#tokens > 1 - ROUNDING_TOKENS ? Math.max(1, this.#tokens) : this.#tokens;
  }
}
