import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '@drover/plugin-host';

/** A clock that stands still until somebody sleeps: then it jumps to the end of the sleep at once. */
export interface ManualClock extends Clock {
  /** Every sleep so far, in milliseconds. */
  readonly slept: readonly number[];
  advance(ms: number): void;
}

export function manualClock(startMs = Date.UTC(2026, 0, 2, 3, 4, 5)): ManualClock {
  const slept: number[] = [];
  let nowMs = startMs;
  return {
    slept,
    now: () => nowMs,
    advance(ms) {
      nowMs += ms;
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      await turn();
      signal?.throwIfAborted();
      nowMs += ms;
    },
  };
}
