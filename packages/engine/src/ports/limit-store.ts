import type { Grant } from './governor.js';

/** At most `grants` in any `inMs`. */
export interface LimitWindow {
  grants: number;
  inMs: number;
}

export interface LimitTake {
  connectionId: string;
  rateGroup: string;
  /** All of them hold. Empty: only closings limit. */
  windows: readonly LimitWindow[];
  /** Goes ahead while the vendor seems down, and is no probe then. */
  evenIfDown: boolean;
  /** How long a probe may go without a report before another call becomes one. Milliseconds. */
  probeMs: number;
  /** A budget that nothing is known to have been taken from lately counts as used up just now. */
  wary: boolean;
}

/** When a vendor is taken for down, and for how long. Times are milliseconds. */
export interface CircuitRule {
  /** That many failures in a row, … */
  failures: number;
  /** … over at least that time, … */
  overMs: number;
  /** … none of them longer than that after the one before. */
  forgetAfterMs: number;
  /** The first time; it doubles each time that a probe fails. */
  firstMs: number;
  longestMs: number;
  /** The time is multiplied by this, for jitter: 1 to 1.5. */
  stretch: number;
}

/** A refusal that names no time. The first wait; it doubles with each wave of refusals. Milliseconds. */
export interface BackOff {
  firstMs: number;
  longestMs: number;
  /** As in `CircuitRule`. */
  stretch: number;
}

export interface LimitNews {
  connectionId: string;
  rateGroup: string;
  /** Of the grant. */
  era: number;
  isProbe: boolean;
  vendor: 'up' | 'down' | 'unknown';
  /** The budget is closed for that long, unless it is for longer already. */
  closeMs?: number;
  backOff?: BackOff;
  circuit: CircuitRule;
}

export interface LimitVerdict {
  /** What a `backOff` came to. Calls that were under way together are one wave and wait once. */
  backOffMs?: number;
  /** The news had the vendor taken for down, for that long. */
  downMs?: number;
  /** The news had the vendor taken for up again. */
  isBack?: true;
}

/** How a connection's vendor stands. */
export interface CircuitState {
  connectionId: string;
  /** When a probe may go, in milliseconds from now; 0 when it may now, or is out. */
  probeInMs: number;
}

/**
 * Where budgets and circuits are kept, by one clock. A circuit is closed (the vendor is called), open (it is not), or
 * half-open: one probe is out at a time, whose word closes it or opens it for longer. News of another era are of a call that
 * began before the circuit last opened, and say nothing of the vendor. `take` and `report` are atomic; what has not been used
 * for a day may be forgotten.
 */
export interface LimitStore {
  /** Changes when the store may have lost what it knew. */
  readonly epoch: number;
  /** A grant leaves the windows' budget one less. Refusals take nothing. */
  take(request: LimitTake): Promise<Grant>;
  report(news: LimitNews): Promise<LimitVerdict>;
  /** Of the connections whose circuits are not closed, in the order of their ids. */
  down(): Promise<CircuitState[]>;
}
