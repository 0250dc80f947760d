import type { AttributeValue } from './object.js';

/** What can become of an object in a run, in the order in which summaries print it. */
export const OUTCOME_STATUSES = [
  'succeeded',
  'unchanged',
  'skipped',
  'rejected',
  'failed',
  'deferred',
  'unknown',
] as const;

export type OutcomeStatus = (typeof OUTCOME_STATUSES)[number];

/** What an outcome sets on its object. */
export interface WriteBack {
  attributes?: { name: string; value: AttributeValue }[];
  status?: string;
}

/** A reason, carried by every outcome but `succeeded`. */
export interface OutcomeReason {
  /** UPPER_SNAKE_CASE, such as `LIST_FULL`. */
  code: string;
  /** One sentence: what, which, what to do. */
  message: string;
}

interface OutcomeCommon {
  /** The object that it answers for. */
  objectId: string;
  /** Facts worth keeping, such as an `anomalyId`. At most 16 KiB as JSON. */
  data?: Record<string, unknown>;
}

/** What a plugin answers for one object. `deferred` and `unknown` are the runtime's to give. */
export type Outcome =
  | (OutcomeCommon & { status: 'succeeded'; writeBack?: WriteBack })
  | (OutcomeCommon & { status: 'unchanged'; writeBack?: WriteBack } & OutcomeReason)
  | (OutcomeCommon & { status: 'skipped' | 'rejected' } & OutcomeReason)
  | (OutcomeCommon & { status: 'failed'; retryable?: boolean } & OutcomeReason);

/** An outcome as the store keeps it. */
export interface SettledOutcome {
  status: OutcomeStatus;
  code?: string;
  message?: string;
  data?: Record<string, unknown>;
  writeBack?: WriteBack;
}

export type OutcomeCounts = Record<OutcomeStatus, number>;

export function emptyCounts(): OutcomeCounts {
  return { succeeded: 0, unchanged: 0, skipped: 0, rejected: 0, failed: 0, deferred: 0, unknown: 0 };
}

export function addCounts(left: OutcomeCounts, right: OutcomeCounts): OutcomeCounts {
  const sum = emptyCounts();
  for (const status of OUTCOME_STATUSES) sum[status] = left[status] + right[status];
  return sum;
}
