import type { Outcome, OutcomeReason, PluginObject, WriteBack } from '@drover/model';

type Target = Pick<PluginObject, 'id'>;
type Extra = { data?: Record<string, unknown> };

/** The vendor did what was asked for this object. */
export function succeeded(object: Target, extra: Extra & { writeBack?: WriteBack } = {}): Outcome {
  return { objectId: object.id, status: 'succeeded', ...extra };
}

/** There was nothing to do: the vendor already held what was asked. */
export function unchanged(
  object: Target,
  reason: OutcomeReason,
  extra: Extra & { writeBack?: WriteBack } = {},
): Outcome {
  return { objectId: object.id, status: 'unchanged', ...reason, ...extra };
}

/** Not sent, by a rule of the plugin. */
export function skipped(object: Target, reason: OutcomeReason, extra: Extra = {}): Outcome {
  return { objectId: object.id, status: 'skipped', ...reason, ...extra };
}

/** The vendor or a validation refused this object for good, or it did not fit. */
export function rejected(object: Target, reason: OutcomeReason, extra: Extra = {}): Outcome {
  return { objectId: object.id, status: 'rejected', ...reason, ...extra };
}

/** It could not be done this time. `retryable` lets the host offer it again in the same run. */
export function failed(
  object: Target,
  reason: OutcomeReason,
  extra: Extra & { retryable?: boolean } = {},
): Outcome {
  return { objectId: object.id, status: 'failed', ...reason, ...extra };
}
