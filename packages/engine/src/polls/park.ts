import { DEFAULT_MAX_POLL_MS, type PluginManifest } from '@drover/model';
import { rowOf } from '../batch-rows.js';
import type { ParkedObject } from '../ports/run-ledger.js';
import type { CheckedPending } from './check-pending.js';

/** When an object that was parked at this time is polled for the last time. */
export function lastPollAt(since: Date, { limits }: PluginManifest): Date {
  return new Date(since.getTime() + (limits.maxPollMs ?? DEFAULT_MAX_POLL_MS));
}

/** An object that its hook answered with `pending`, for the first time or again. */
export function park(
  { placed, token, pollAfterMs, data }: CheckedPending,
  { manifest, now, before }: { manifest: PluginManifest; now: Date; before?: ParkedObject },
): ParkedObject {
  const since = before?.since ?? now;
  const kept = data ?? before?.data;
  return {
    ...rowOf(placed),
    token,
    ...(kept === undefined ? {} : { data: kept }),
    since,
    dueAt: earlier(new Date(now.getTime() + pollAfterMs), lastPollAt(since, manifest)),
    polls: before === undefined ? 0 : before.polls + 1,
    failures: 0,
  };
}

export function earlier(left: Date, right: Date): Date {
  return left < right ? left : right;
}
