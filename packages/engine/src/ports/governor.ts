import type { RateRule } from '@drover/model';

export interface GrantRequest {
  connectionId: string;
  rateGroup: string;
  /** The manifest's word on the group; absent: only what the vendor's answers say limits it. */
  rule?: RateRule;
}

export type Grant = { granted: true } | { granted: false; retryAfterMs: number };

/** What a vendor's answer says about its limit. */
export interface LimitReport {
  connectionId: string;
  rateGroup: string;
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>;
  /** What the body says of a budget that calls spend by their cost. */
  points?: { left: number; spent: number; resetMs: number } | undefined;
}

/**
 * One budget per connection and rate group. `take` does not wait: a refused grant says when to ask again, so that the
 * caller decides whether to wait in place or to park. Grants may come from a store shared by many workers.
 */
export interface Governor {
  take(request: GrantRequest): Promise<Grant>;
  /** Feeds the vendor's rate-limit headers back; returns how long to wait when the answer was a refusal (429). */
  report(report: LimitReport): Promise<{ retryAfterMs?: number }>;
}
