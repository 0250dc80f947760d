import { DEFAULT_MAX_WAIT_MS, FAULTS, type FaultEntry, type FaultRecord } from '@drover/model';

/** What to do about a hook that came back with a fault. */
export type FaultDecision =
  /** `parkedAt`: since when it waits for what was met; without one, what was met was a try. */
  | { do: 'postpone'; dueAt: Date; parkedAt?: Date }
  /** Nothing was sent: the objects go back to the pass. */
  | { do: 'defer'; stopsRun: boolean }
  | { do: 'settle'; stopsRun: boolean };

export interface FaultSituation {
  /** 1 for the first try. */
  attempt: number;
  /** Writes of this try whose bytes left, and that may be repeated: the others are the journal's to judge. */
  vendorWrites: number;
  /** The run was cancelled at once, and the hook with it. */
  isCancelled: boolean;
  waitingSince: Date | undefined;
  maxWaitMs: number | undefined;
  now: Date;
}

/** Tries of a task, or of one object of it. */
export const MAX_ATTEMPTS = 3;
/** A task whose workers died more often is given up: it is likelier its cause than its victim. */
export const MAX_DEATHS = 5;
const FIRST_BACK_OFF_MS = 1_000;
const BACK_OFF_FACTOR = 4;

/**
 * The error decides the retry. A cancel defers what was not sent; a rate limit, or a vendor that seems down, parks the task before any write (and past `maxWaitMs` defers it); a fault
 * of the account stops the run; a retryable fault is tried again with back-off; everything else is the objects' outcome.
 */
export function decideFault(fault: FaultRecord, situation: FaultSituation): FaultDecision {
  const { attempt, vendorWrites, now } = situation;
  const clean = vendorWrites === 0;
  if (situation.isCancelled) return { do: clean ? 'defer' : 'settle', stopsRun: false };
  if (stopsRun(fault.code)) return { do: clean ? 'defer' : 'settle', stopsRun: true };
  if (rowOf(fault.code)?.waits === true && clean) {
    const waitMs = fault.retryAfterMs ?? FIRST_BACK_OFF_MS;
    const waitedMs = now.getTime() - (situation.waitingSince ?? now).getTime();
    if (waitedMs + waitMs > (situation.maxWaitMs ?? DEFAULT_MAX_WAIT_MS))
      return { do: 'defer', stopsRun: false };
    return { do: 'postpone', dueAt: new Date(now.getTime() + waitMs), parkedAt: now };
  }
  if (fault.retryable === true && attempt < MAX_ATTEMPTS) {
    const backOffMs = fault.retryAfterMs ?? FIRST_BACK_OFF_MS * BACK_OFF_FACTOR ** (attempt - 1);
    return { do: 'postpone', dueAt: new Date(now.getTime() + backOffMs) };
  }
  return { do: 'settle', stopsRun: false };
}

/** Whether a fault is about the account or the whole run, so that nothing more is to be sent. */
export function stopsRun(code: string): boolean {
  return rowOf(code)?.stopsRun === true;
}

function rowOf(code: string): FaultEntry | undefined {
  return (FAULTS as Record<string, FaultEntry>)[code];
}
