import { DEFAULT_MAX_WAIT_MS, FAULTS, type FaultEntry, type FaultRecord } from '@drover/model';

/** What to do about a hook that came back with a fault. */
export type FaultDecision =
  | { do: 'postpone'; dueAt: Date; waiting: boolean }
  /** Nothing was sent: the objects go back to the pass. */
  | { do: 'defer'; stopsRun: boolean }
  | { do: 'settle'; as: 'failed' | 'unknown'; stopsRun: boolean };

export interface FaultSituation {
  /** 1 for the first try. */
  attempt: number;
  /** Writes of this try whose bytes left. */
  vendorWrites: number;
  /** The plugin makes calls that must not be repeated. */
  sendsOnce: boolean;
  waitingSince: Date | undefined;
  maxWaitMs: number | undefined;
  now: Date;
}

const MAX_ATTEMPTS = 3;
const FIRST_BACK_OFF_MS = 1_000;
const BACK_OFF_FACTOR = 4;

/**
 * The error decides the retry. A rate limit before any write parks the task (and past `maxWaitMs` defers it); a fault
 * of the account stops the run; a retryable fault is tried again with back-off; everything else is the objects' outcome.
 */
export function decideFault(fault: FaultRecord, situation: FaultSituation): FaultDecision {
  const { attempt, vendorWrites, now } = situation;
  const clean = vendorWrites === 0;
  if (stopsRun(fault.code)) {
    return clean
      ? { do: 'defer', stopsRun: true }
      : { do: 'settle', as: failedAs(situation), stopsRun: true };
  }
  if (fault.code === 'RATE_LIMITED' && clean) {
    const waitMs = fault.retryAfterMs ?? FIRST_BACK_OFF_MS;
    const waitedMs = now.getTime() - (situation.waitingSince ?? now).getTime();
    if (waitedMs + waitMs > (situation.maxWaitMs ?? DEFAULT_MAX_WAIT_MS))
      return { do: 'defer', stopsRun: false };
    return { do: 'postpone', dueAt: new Date(now.getTime() + waitMs), waiting: true };
  }
  const mayRepeat = clean || !situation.sendsOnce;
  if (fault.retryable === true && mayRepeat && attempt < MAX_ATTEMPTS) {
    const backOffMs = fault.retryAfterMs ?? FIRST_BACK_OFF_MS * BACK_OFF_FACTOR ** (attempt - 1);
    return { do: 'postpone', dueAt: new Date(now.getTime() + backOffMs), waiting: false };
  }
  return { do: 'settle', as: failedAs(situation), stopsRun: false };
}

function stopsRun(code: string): boolean {
  return (FAULTS as Record<string, FaultEntry>)[code]?.stopsRun === true;
}

function failedAs({ sendsOnce, vendorWrites }: FaultSituation): 'failed' | 'unknown' {
  return sendsOnce && vendorWrites > 0 ? 'unknown' : 'failed';
}
