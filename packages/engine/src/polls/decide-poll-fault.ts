import type { FaultRecord } from '@drover/model';
import { MAX_ATTEMPTS, stopsRun } from '../decide-fault.js';

/** What to do about a parked object whose poll came back with a fault. */
export type PollFaultDecision =
  /** Asked again later; how long it may take in all is another question. */
  | { do: 'park'; dueAt: Date }
  /** Nobody will ask again: what came of it is unknown. */
  | { do: 'giveUp'; stopsRun: boolean };

export interface PollFaultSituation {
  /** Polls of the object that came back with a fault, this one left out, since one last answered. */
  failures: number;
  /** The run was cancelled at once, and the hook with it. */
  isCancelled: boolean;
  now: Date;
}

const FIRST_BACK_OFF_MS = 1_000;
const BACK_OFF_FACTOR = 4;
const LONGEST_BACK_OFF_MS = 5 * 60_000;

/**
 * A poll may be repeated, and the vendor goes on meanwhile: a rate limit and a fault that may pass park the object again.
 * A plugin that breaks down over it is given three tries. Everything else leaves it unknown: it was sent, so that it is
 * neither failed nor offered again.
 */
export function decidePollFault(fault: FaultRecord, situation: PollFaultSituation): PollFaultDecision {
  const { failures, isCancelled, now } = situation;
  if (isCancelled) return { do: 'giveUp', stopsRun: false };
  if (stopsRun(fault.code)) return { do: 'giveUp', stopsRun: true };
  const mayPass = fault.retryable === true || fault.code === 'RATE_LIMITED';
  const isOfPlugin = fault.code.startsWith('PLUGIN_');
  if (!mayPass || (isOfPlugin && failures + 1 >= MAX_ATTEMPTS)) return { do: 'giveUp', stopsRun: false };
  const backOffMs = Math.min(FIRST_BACK_OFF_MS * BACK_OFF_FACTOR ** failures, LONGEST_BACK_OFF_MS);
  return { do: 'park', dueAt: new Date(now.getTime() + (fault.retryAfterMs ?? backOffMs)) };
}
