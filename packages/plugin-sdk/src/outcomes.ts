import type { JsonValue, Outcome, OutcomeReason, Pending, PluginObject, WriteBack } from '@drover/model';

/** The object that an outcome answers for; only its id is taken. */
export type OutcomeTarget = Pick<PluginObject, 'id'>;

export interface OutcomeExtra {
  /** Facts worth keeping with the outcome, such as an `anomalyId`: JSON of at most 16 KiB, readable with the run. */
  data?: Record<string, unknown>;
}

/** What `succeeded` and `unchanged` may carry beside. */
export interface WritingExtra extends OutcomeExtra {
  /**
   * What is written onto the object. Attributes must be declared under the manifest's `emits` with their type; their
   * source is the manifest's vendor. A status is a short text such as `Blocked`.
   */
  writeBack?: WriteBack;
}

/** The vendor did what was asked for this object, and said so. */
export function succeeded(object: OutcomeTarget, extra: WritingExtra = {}): Outcome {
  return { objectId: object.id, status: 'succeeded', ...extra };
}

/** There was nothing to do: the vendor already held what was asked. Counts as handled, like `succeeded`. */
export function unchanged(object: OutcomeTarget, reason: OutcomeReason, extra: WritingExtra = {}): Outcome {
  return { objectId: object.id, status: 'unchanged', ...reason, ...extra };
}

/** Not sent, by a rule of the plugin, such as a duplicate of another object. Counts as handled. */
export function skipped(object: OutcomeTarget, reason: OutcomeReason, extra: OutcomeExtra = {}): Outcome {
  return { objectId: object.id, status: 'skipped', ...reason, ...extra };
}

/**
 * The vendor or a validation refused this object for good, or it did not fit (`LIST_FULL`). Counts as handled: it is
 * not offered again until the object changes.
 */
export function rejected(object: OutcomeTarget, reason: OutcomeReason, extra: OutcomeExtra = {}): Outcome {
  return { objectId: object.id, status: 'rejected', ...reason, ...extra };
}

/**
 * It could not be done this time. A later scheduled pass offers the object again; with `retryable`, so does this run,
 * a few times and with growing delays.
 */
export function failed(
  object: OutcomeTarget,
  reason: OutcomeReason,
  extra: OutcomeExtra & { retryable?: boolean } = {},
): Outcome {
  return { objectId: object.id, status: 'failed', ...reason, ...extra };
}

/**
 * The vendor accepted it and works on it: no outcome yet. The object is parked without a worker, and the `poll` hook is
 * asked about it after `pollAfterMs` milliseconds (1,000 to 86,400,000; what is beyond counts as the bound), restarts of
 * the runtime included. `token` is JSON of at most 4 KiB by which `poll` finds the work again; it must hold no secret.
 *
 * For `execute`, `executeOne` and `poll`, in an action that has a `poll` hook. An object that is not settled within
 * `limits.maxPollMs` is `unknown` with `POLL_TIMED_OUT`.
 */
export function pending(
  object: OutcomeTarget,
  poll: OutcomeExtra & { token: JsonValue; pollAfterMs: number },
): Pending {
  return { objectId: object.id, status: 'pending', ...poll };
}
