import type { CallReport } from '@drover/engine';
import { readRetryAfter } from './retry-after.js';

/** Lower-case names. */
export type LimitHeaders = Readonly<Record<string, string | undefined>>;

/** A budget that calls spend by their cost. */
export type PointsReport = NonNullable<NonNullable<CallReport['answer']>['points']>;

/** Longest wait that is taken from a header: one hour. */
export const MAX_WAIT_MS = 3_600_000;
/** Shortest wait after a refusal, whatever the vendor says. */
export const MIN_WAIT_MS = 1_000;

/** Numbers above this are not seconds from now but seconds since 1970. */
const FIRST_PLAUSIBLE_EPOCH_S = 1_000_000_000;

/**
 * How long a vendor that refused a call wants to be left alone, from 1 s to 1 h; `undefined` when its headers do not
 * say. The dialects, in the order in which they are believed:
 * - `Retry-After`: seconds or an HTTP date (RFC 9110);
 * - `RateLimit-Reset`: seconds from now (Netskope);
 * - `X-RateLimit-RetryAfter`: seconds since 1970 (CrowdStrike);
 * - `X-Rate-Limit-Reset`: seconds since 1970 by the vendor's own clock, which `Date` tells, plus one (Okta). A limit of 0
 *   with 0 remaining is about calls in flight at once there, and its reset means nothing.
 */
export function waitAfterRefusal(headers: LimitHeaders, nowMs: number): number | undefined {
  const vendorNowMs = vendorClock(headers, nowMs);
  const waits = [
    () => readRetryAfter(headers['retry-after'], vendorNowMs),
    () => relativeReset(headers, vendorNowMs),
    () => untilEpoch(seconds(headers['x-ratelimit-retryafter']), vendorNowMs),
    () => (isConcurrencyLimit(headers) ? undefined : epochReset(headers, vendorNowMs)),
  ];
  for (const wait of waits) {
    const waitMs = wait();
    if (waitMs !== undefined) return clamp(waitMs);
  }
  return undefined;
}

/** How long the budget stays empty after an answer that was not a refusal but took the last of it; else `undefined`. */
export function waitAfterLast(headers: LimitHeaders, nowMs: number): number | undefined {
  const vendorNowMs = vendorClock(headers, nowMs);
  if (seconds(headers['ratelimit-remaining']) === 0) {
    const waitMs = relativeReset(headers, vendorNowMs);
    if (waitMs !== undefined) return clamp(waitMs);
  }
  if (seconds(headers['x-rate-limit-remaining']) === 0 && !isConcurrencyLimit(headers)) {
    const waitMs = epochReset(headers, vendorNowMs);
    if (waitMs !== undefined) return clamp(waitMs);
  }
  if (seconds(headers['x-ratelimit-remaining']) === 0) {
    const waitMs = untilEpoch(seconds(headers['x-ratelimit-retryafter']), vendorNowMs);
    if (waitMs !== undefined) return clamp(waitMs);
  }
  return undefined;
}

/** How long until the points suffice for another call of the same cost; `undefined` when they do now. */
export function waitForPoints({ left, spent, resetMs }: PointsReport): number | undefined {
  return left >= Math.max(1, spent) ? undefined : clamp(resetMs);
}

function clamp(waitMs: number): number {
  return Math.ceil(Math.min(Math.max(waitMs, MIN_WAIT_MS), MAX_WAIT_MS));
}

/** Times in headers are the vendor's; measured against its own clock, a wrong one does no harm. */
function vendorClock(headers: LimitHeaders, nowMs: number): number {
  const date = Date.parse(headers['date'] ?? '');
  return Number.isNaN(date) ? nowMs : date;
}

function seconds(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  return /^\d{1,15}(?:\.\d{1,9})?$/.test(trimmed) ? Number(trimmed) : undefined;
}

function relativeReset(headers: LimitHeaders, vendorNowMs: number): number | undefined {
  const reset = seconds(headers['ratelimit-reset']);
  if (reset === undefined) return undefined;
  return reset >= FIRST_PLAUSIBLE_EPOCH_S ? untilEpoch(reset, vendorNowMs) : reset * 1_000;
}

function epochReset(headers: LimitHeaders, vendorNowMs: number): number | undefined {
  const waitMs = untilEpoch(seconds(headers['x-rate-limit-reset']), vendorNowMs);
  return waitMs === undefined ? undefined : waitMs + 1_000;
}

function untilEpoch(epochS: number | undefined, vendorNowMs: number): number | undefined {
  return epochS === undefined ? undefined : Math.max(0, epochS * 1_000 - vendorNowMs);
}

function isConcurrencyLimit(headers: LimitHeaders): boolean {
  return seconds(headers['x-rate-limit-limit']) === 0 && seconds(headers['x-rate-limit-remaining']) === 0;
}
