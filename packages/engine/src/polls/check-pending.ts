import {
  type JsonValue,
  MAX_POLL_AFTER_MS,
  MAX_POLL_TOKEN_BYTES,
  MIN_POLL_AFTER_MS,
  type Pending,
} from '@drover/model';
import type { PlacedObject } from '../ports/run-ledger.js';

/** A `pending` of a plugin, checked. */
export interface CheckedPending {
  placed: PlacedObject;
  token: JsonValue;
  /** Within the bounds. */
  pollAfterMs: number;
  data?: Record<string, unknown>;
}

/** Holds a `pending` against its shape; its data is left unchecked. What it asks beyond the bounds counts as the bound. */
export function checkPending(
  placed: PlacedObject,
  { token, pollAfterMs, data }: Partial<Record<keyof Pending, unknown>>,
): { pending: CheckedPending; problem?: undefined } | { pending?: undefined; problem: string } {
  if (token === undefined || Buffer.byteLength(JSON.stringify(token)) > MAX_POLL_TOKEN_BYTES) {
    return { problem: `A pending answer needs a token of at most ${MAX_POLL_TOKEN_BYTES} bytes as JSON.` };
  }
  if (typeof pollAfterMs !== 'number' || !(pollAfterMs >= 0)) {
    return { problem: 'A pending answer needs pollAfterMs: the milliseconds to the next poll.' };
  }
  return {
    pending: {
      placed,
      token: token as JsonValue,
      pollAfterMs: Math.min(Math.max(pollAfterMs, MIN_POLL_AFTER_MS), MAX_POLL_AFTER_MS),
      ...(data === undefined ? {} : { data: data as Record<string, unknown> }),
    },
  };
}
