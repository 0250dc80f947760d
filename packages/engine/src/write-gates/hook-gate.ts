import type { CheckedOutcome } from '../balance-books.js';
import type { PlanRecord } from '../ports/plan-ledger.js';
import type { InvokeOptions } from '../ports/plugin-runtime.js';
import type { PlacedObject } from '../ports/run-ledger.js';

/** Stands before the writes of one hook, and has the last word on objects whose writes it kept back. */
export interface HookGate {
  readonly beforeWrite: InvokeOptions['beforeWrite'];
  /** The outcome of an object that the hook is not even to be offered. */
  withhold(placed: PlacedObject): CheckedOutcome | undefined;
  /**
   * What becomes of an object: `answer` is what the hook says of it, absent when it ended before it came to that.
   * `undefined` leaves it to the fault with which the hook ended.
   */
  rule(placed: PlacedObject, answer?: CheckedOutcome): CheckedOutcome | undefined;
  /** Whether the hook was stopped at a write: a fault that follows is a consequence of that. */
  readonly hasStopped: boolean;
  /** What a plan keeps of this hook and these objects. */
  record(placed: readonly PlacedObject[]): PlanRecord | undefined;
}

/** The gate of a run that is neither a plan nor applies one. */
export function openGate(beforeWrite: InvokeOptions['beforeWrite']): HookGate {
  return {
    beforeWrite,
    withhold: () => undefined,
    rule: (_, answer) => answer,
    hasStopped: false,
    record: () => undefined,
  };
}
