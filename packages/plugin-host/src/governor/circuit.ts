import type { CircuitRule, LimitNews, LimitVerdict } from '@drover/engine';

/** While a probe is out, others look again after that long. */
const LOOK_AGAIN_MS = 1_000;
const MOST_DOUBLINGS = 20;

/** Whether the vendor of one connection is called. Times are milliseconds of the caller's clock. */
export class Circuit {
  /** How often it has opened. */
  era = 0;
  /** Failures in a row while it was closed. */
  #failures = 0;
  #failingSinceMs = 0;
  #failedAtMs = 0;
  /** How often it has opened since it was last closed; 0: it is closed. */
  #level = 0;
  #openUntilMs = 0;
  #probeUntilMs = 0;

  get isOpen(): boolean {
    return this.#level > 0;
  }

  /** Something stands against the vendor. */
  get isMarked(): boolean {
    return this.#failures > 0 || this.#level > 0;
  }

  probeInMs(nowMs: number): number {
    return Math.max(0, Math.ceil(this.#openUntilMs - nowMs));
  }

  /** How long until a call may be made, or asked for again; 0 or less: now. */
  waitMs(nowMs: number): number {
    if (this.#level === 0) return 0;
    const openMs = this.#openUntilMs - nowMs;
    return openMs > 0 ? openMs : Math.min(LOOK_AGAIN_MS, this.#probeUntilMs - nowMs);
  }

  /** A call goes out. Whether it is a probe. */
  sendProbe(untilMs: number): boolean {
    if (this.#level === 0) return false;
    this.#probeUntilMs = untilMs;
    return true;
  }

  hear(news: LimitNews, nowMs: number): Pick<LimitVerdict, 'downMs' | 'isBack'> {
    if (news.era !== this.era) return {};
    if (news.vendor === 'up') return this.#close();
    if (news.vendor === 'down') return this.#fail(news.circuit, nowMs);
    if (news.isProbe) this.#probeUntilMs = 0;
    return {};
  }

  #close(): Pick<LimitVerdict, 'isBack'> {
    const wasOpen = this.#level > 0;
    this.#level = 0;
    this.#failures = 0;
    return wasOpen ? { isBack: true } : {};
  }

  #fail(rule: CircuitRule, nowMs: number): Pick<LimitVerdict, 'downMs'> {
    if (this.#level > 0) return nowMs >= this.#openUntilMs ? this.#open(rule, nowMs) : {};
    const isNew = this.#failures === 0 || nowMs - this.#failedAtMs > rule.forgetAfterMs;
    if (isNew) this.#failingSinceMs = nowMs;
    this.#failures = isNew ? 1 : this.#failures + 1;
    this.#failedAtMs = nowMs;
    const isDown = this.#failures >= rule.failures && nowMs - this.#failingSinceMs >= rule.overMs;
    return isDown ? this.#open(rule, nowMs) : {};
  }

  #open({ firstMs, longestMs, stretch }: CircuitRule, nowMs: number): Pick<LimitVerdict, 'downMs'> {
    const downMs = Math.ceil(
      Math.min(longestMs, firstMs * 2 ** Math.min(this.#level, MOST_DOUBLINGS) * stretch),
    );
    this.#level += 1;
    this.era += 1;
    this.#openUntilMs = nowMs + downMs;
    this.#probeUntilMs = 0;
    return { downMs };
  }
}
