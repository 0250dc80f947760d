import type { BackOff, LimitWindow } from '@drover/engine';

/** Most that a wave of refusals doubles the wait. */
const MOST_DOUBLINGS = 10;

/** What one connection and rate group may still send. Times are milliseconds of the caller's clock. */
export class Budget {
  /** Waves of refusals in a row that named no time. */
  refusals = 0;
  /** When the last grants were given, newest last. */
  #grantedAt: number[] = [];
  /** How many of them are kept: as many as any rule has asked for. */
  #kept = 0;
  #closedUntilMs = 0;
  /** End of the wait that the last wave led to. */
  #backedOffUntilMs = 0;

  /** How long until a grant; 0 or less: now. */
  waitMs(windows: readonly LimitWindow[], nowMs: number): number {
    let freeAtMs = this.#closedUntilMs;
    for (const { grants, inMs } of windows) {
      const last = this.#grantedAt.at(-grants);
      if (last !== undefined) freeAtMs = Math.max(freeAtMs, last + inMs);
    }
    return freeAtMs - nowMs;
  }

  spend(windows: readonly LimitWindow[], nowMs: number): void {
    this.#kept = Math.max(this.#kept, mostGrants(windows));
    if (this.#kept === 0) return;
    this.#grantedAt.push(nowMs);
    if (this.#grantedAt.length > this.#kept) this.#grantedAt.shift();
  }

  /** Where nothing was taken within the longest window, it was all taken now. */
  useUpIdle(windows: readonly LimitWindow[], nowMs: number): void {
    if (windows.length === 0) return;
    const longestMs = Math.max(...windows.map(({ inMs }) => inMs));
    if ((this.#grantedAt.at(-1) ?? -Infinity) > nowMs - longestMs) return;
    this.#kept = Math.max(this.#kept, mostGrants(windows));
    this.#grantedAt = Array.from({ length: this.#kept }, () => nowMs);
  }

  /** Gives nothing out for that long; a closing that lasts longer already stays. */
  closeFor(ms: number, nowMs: number): void {
    this.#closedUntilMs = Math.max(this.#closedUntilMs, nowMs + ms);
  }

  /** Calls that were under way together are refused together: they are one wave and wait once. */
  backOff({ firstMs, longestMs, stretch }: BackOff, nowMs: number): number {
    if (nowMs < this.#backedOffUntilMs) return Math.ceil(this.#backedOffUntilMs - nowMs);
    const stepMs = firstMs * 2 ** Math.min(this.refusals, MOST_DOUBLINGS);
    this.refusals += 1;
    const waitMs = Math.ceil(Math.min(longestMs, stepMs * stretch));
    this.#backedOffUntilMs = nowMs + waitMs;
    this.closeFor(waitMs, nowMs);
    return waitMs;
  }
}

function mostGrants(windows: readonly LimitWindow[]): number {
  return Math.max(0, ...windows.map(({ grants }) => grants));
}
