import type { JsonValue } from './json-value.js';
import type { PluginObject } from './object.js';
import type { Outcome } from './outcome.js';

/** Shortest and longest time from one `pending` to the poll after it; what is asked for beyond counts as the bound. */
export const MIN_POLL_AFTER_MS = 1_000;
export const MAX_POLL_AFTER_MS = 24 * 3_600_000;
/** Largest token, as JSON. */
export const MAX_POLL_TOKEN_BYTES = 4 * 1024;
/** How long an object is polled when `limits.maxPollMs` does not say. */
export const DEFAULT_MAX_POLL_MS = 24 * 3_600_000;

/**
 * What a plugin answers for an object that the vendor has accepted and not finished. It is no outcome: the object is
 * parked, and `poll` is asked about it when it is due.
 */
export interface Pending {
  /** The object that it answers for. */
  objectId: string;
  status: 'pending';
  /** By what `poll` finds the work at the vendor, such as a remediation id. At most 4 KiB as JSON; no secret. */
  token: JsonValue;
  /** Milliseconds from now to the next poll: 1,000 to 86,400,000, what is beyond counts as the bound. */
  pollAfterMs: number;
  /** Facts worth keeping; the outcome carries them when it brings none of its own. At most 16 KiB as JSON. */
  data?: Record<string, unknown>;
}

/** What a plugin answers for one object: its outcome, or that the outcome is to be asked for later. */
export type Answer = Outcome | Pending;

/** An object that is polled, as the `poll` hook is given it. Read-only. */
export interface PendingObject {
  /** As it is now, not as it was when its request was sent. */
  readonly object: PluginObject;
  /** As the last `pending` gave it. */
  readonly token: JsonValue;
  /** When the first `pending` was kept, ISO 8601 in UTC. */
  readonly since: string;
  /** Polls that have answered for it so far: 0 at the first one. */
  readonly polls: number;
}
