/** How long a hook's calls waited for rate limits, by the wall: two that wait at once count once. */
export class WaitMeter {
  readonly #now: () => number;
  #waiting = 0;
  #sinceMs = 0;
  #endedMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get waitingCalls(): number {
    return this.#waiting;
  }

  get waitedMs(): number {
    return this.#endedMs + (this.#waiting > 0 ? this.#now() - this.#sinceMs : 0);
  }

  async during(wait: Promise<void>): Promise<void> {
    if (this.#waiting++ === 0) this.#sinceMs = this.#now();
    try {
      await wait;
    } finally {
      if (--this.#waiting === 0) this.#endedMs += this.#now() - this.#sinceMs;
    }
  }
}
