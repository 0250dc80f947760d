/** A vendor's own rate limit: so many requests in a window of this length. */
export interface WindowLimit {
  requests: number;
  perMs: number;
}

/** Counts requests per key in windows of time, as a vendor's rate limiter does. */
export class RequestWindow {
  readonly #now: () => Date;
  readonly #windows = new Map<string, { startedAtMs: number; requests: number }>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Counts one request; the answer is how many seconds to wait, 0 when the request is within the limit. */
  take(key: string, { requests, perMs }: WindowLimit): number {
    const nowMs = this.#now().getTime();
    const window = this.#windows.get(key);
    if (window === undefined || nowMs - window.startedAtMs >= perMs) {
      this.#windows.set(key, { startedAtMs: nowMs, requests: 1 });
      return 0;
    }
    if (window.requests < requests) {
      window.requests += 1;
      return 0;
    }
    return Math.max(1, Math.ceil((window.startedAtMs + perMs - nowMs) / 1000));
  }

  /** Requests that the window still takes. */
  left(key: string, { requests }: WindowLimit): number {
    return requests - (this.#windows.get(key)?.requests ?? 0);
  }

  clear(): void {
    this.#windows.clear();
  }
}
