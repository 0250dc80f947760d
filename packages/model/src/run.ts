import type { CollectionId, ConnectionId, PassId, RunId } from './ids.js';
import type { OutcomeCounts } from './outcome.js';
import { OUTCOME_STATUSES } from './outcome.js';

/** How a run was asked for. */
export const TRIGGERS = ['manual', 'schedule', 'api', 'event'] as const;
export type Trigger = (typeof TRIGGERS)[number];

export type RunMode = 'apply' | 'plan';

export const OPEN_RUN_STATUSES = ['queued', 'running', 'waiting'] as const;
export const ENDED_RUN_STATUSES = ['succeeded', 'partial', 'failed', 'cancelled'] as const;

export type OpenRunStatus = (typeof OPEN_RUN_STATUSES)[number];
export type EndedRunStatus = (typeof ENDED_RUN_STATUSES)[number];
export type RunStatus = OpenRunStatus | EndedRunStatus;

export function hasEnded(status: RunStatus): status is EndedRunStatus {
  return (ENDED_RUN_STATUSES as readonly string[]).includes(status);
}

/** A fault as it is stored, logged and sent: redacted, without stack. */
export interface FaultRecord {
  code: string;
  message: string;
  /** JSON Pointer or another place inside the thing that is at fault. */
  path?: string;
  retryable?: boolean;
  retryAfterMs?: number;
}

/** Figures of one run. Times in milliseconds. */
export interface RunSummary {
  counts: OutcomeCounts;
  /** Objects of the run's slice. */
  objects: number;
  /** Those of them that have an outcome by now. */
  objectsRead: number;
  /** Objects on which write-back changed something. */
  objectsWritten: number;
  attributesWritten: number;
  vendorCalls: number;
  waitedMs: number;
  /** Objects of the pass that no run has taken yet. */
  remaining: number;
}

export interface Run {
  id: RunId;
  passId: PassId;
  pluginId: string;
  actionId: number;
  connectionId: ConnectionId;
  collectionId: CollectionId;
  status: RunStatus;
  trigger: Trigger;
  /** `plan`: it reads only, and shows the requests that it would send. */
  mode: RunMode;
  /** The plan that it applies. */
  planId?: RunId;
  summary: RunSummary;
  /** Objects that wait for the vendor to finish; absent when there are none. */
  pending?: {
    objects: number;
    /** When the next of them is polled, ISO 8601 in UTC; absent while all are being polled. */ nextPollAt?: string;
  };
  /** What ended the whole run, or what `finish` reported. */
  fault?: FaultRecord;
  cancelRequested: boolean;
  createdAt: string;
  startedAt?: string;
  endedAt?: string;
}

/**
 * How a run ends by what its objects came to: `deferred` alone is fine; `failed` needs that nothing succeeded or was
 * unchanged and something failed, or a fault of the whole run.
 */
export function endStatusOf(
  counts: OutcomeCounts,
  whole: { cancelled?: boolean; fault?: boolean; finishFault?: boolean } = {},
): EndedRunStatus {
  if (whole.cancelled) return 'cancelled';
  if (whole.fault) return 'failed';
  const bad = counts.failed + counts.rejected + counts.unknown;
  const good = counts.succeeded + counts.unchanged;
  if (bad === 0) return whole.finishFault ? 'partial' : 'succeeded';
  if (good === 0 && counts.failed > 0) return 'failed';
  return 'partial';
}

/** Objects that got an outcome, `deferred` ones left out. */
export function settledCount(counts: OutcomeCounts): number {
  return OUTCOME_STATUSES.reduce((sum, status) => (status === 'deferred' ? sum : sum + counts[status]), 0);
}
