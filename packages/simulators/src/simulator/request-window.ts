/** Counts requests per key in windows of one second, as a vendor's rate limiter does. */
export class RequestWindow {
  readonly #limit: number;
  readonly #now: () => Date;
  readonly #windows = new Map<string, { startedAtMs: number; requests: number }>();

  constructor(limit: number, now: () => Date) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Counts one request; the answer is how many seconds to wait, 0 when the request is within the limit. */
  take(key: string): number {
    const nowMs = this.#now().getTime();
    const window = this.#windows.get(key);
    if (window === undefined || nowMs - window.startedAtMs >= 1000) {
      this.#windows.set(key, { startedAtMs: nowMs, requests: 1 });
      return 0;
    }
    if (window.requests < this.#limit) {
      window.requests += 1;
      return 0;
    }
    return Math.max(1, Math.ceil((window.startedAtMs + 1000 - nowMs) / 1000));
  }

  clear(): void {
    this.#windows.clear();
  }
}
