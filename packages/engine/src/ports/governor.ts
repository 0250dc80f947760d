import type { RateRule } from '@drover/model';

export interface GrantRequest {
  connectionId: string;
  rateGroup: string;
  /** The manifest's word on the group; absent: only what the vendor's answers say limits it. */
  rule?: RateRule;
  /** How long the call may take. Milliseconds. */
  timeoutMs: number;
  /** Goes ahead while the vendor seems down: the test of a connection, or a token for a call that was let through. */
  evenIfDown?: boolean;
}

/** A call may be sent. It is handed back with what came of it. */
export interface Granted {
  granted: true;
  /** How often the vendor was found down before. What began before that says nothing of how it is now. */
  era: number;
  /** Something stands against the vendor or the budget that a good answer clears. */
  owes: boolean;
  /** The one call that finds out whether the vendor is back. */
  isProbe: boolean;
}

export interface Refused {
  granted: false;
  retryAfterMs: number;
  /** A limit of the vendor, or that it seems to be down. */
  because: 'limit' | 'down';
}

export type Grant = Granted | Refused;

/** What came of a call that was granted. */
export interface CallReport {
  connectionId: string;
  rateGroup: string;
  grant: Granted;
  /** What it says of the vendor. `unknown`: nothing was sent, or it was cut off by us, or it is not the API that answered. */
  vendor: 'up' | 'down' | 'unknown';
  answer?: {
    status: number;
    /** Lower-case names. */
    headers: Readonly<Record<string, string | undefined>>;
    /** What the body says of a budget that calls spend by their cost. */
    points?: { left: number; spent: number; resetMs: number } | undefined;
  };
}

export interface CallVerdict {
  /** How long to wait when the answer was a refusal (429, or 503 with a time). */
  retryAfterMs?: number;
  /** The report had the vendor taken for down: the next grant says for how long. */
  isDown?: true;
}

/**
 * One budget per connection and rate group, and for each connection a word on whether its vendor seems down. `take` does not
 * wait: a refused grant says when to ask again, so that the caller decides whether to wait in place or to park. Every grant is
 * followed by one report. Neither ever rejects, whatever becomes of a store that many workers share.
 */
export interface Governor {
  take(request: GrantRequest): Promise<Grant>;
  report(report: CallReport): Promise<CallVerdict>;
}
