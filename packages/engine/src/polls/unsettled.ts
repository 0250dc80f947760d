import type { FaultRecord } from '@drover/model';
import { rowOf } from '../batch-rows.js';
import type { ClaimedTask, OutcomeRow, ParkedObject } from '../ports/run-ledger.js';

/** Why nobody knows what came of an object that the vendor had accepted. */
export interface UnsettledReason {
  code: string;
  message: string;
}

const LOOK = 'Look there what came of it, then tell with run resolve.';

/** The outcome of a parked object that is not asked about any more; what it was parked with stays with it. */
export function unsettledRow(one: ParkedObject, reason: UnsettledReason): OutcomeRow {
  return {
    ...rowOf(one),
    status: 'unknown',
    ...reason,
    ...(one.data === undefined ? {} : { data: one.data }),
  };
}

/** Why a stopped run does not ask any more; `undefined` for one that goes on. */
export function stoppedReason({ run }: ClaimedTask): UnsettledReason | undefined {
  if (run.stopped === undefined) return undefined;
  return run.fault === undefined ? cancelled() : faultReason(run.fault);
}

export function cancelled(): UnsettledReason {
  return { code: 'CANCELLED', message: `The run was cancelled while the vendor worked on it. ${LOOK}` };
}

export function faultReason({ code, message }: FaultRecord): UnsettledReason {
  return { code, message: `The vendor accepted it, and asking what came of it ended: ${message} ${LOOK}` };
}

export function timedOut(pollMs: number, lastFault?: FaultRecord): UnsettledReason {
  const last = lastFault === undefined ? '' : ` The last poll came back with: ${lastFault.message}`;
  return {
    code: 'POLL_TIMED_OUT',
    message: `The vendor accepted it, and had not finished after ${Math.round(pollMs / 1_000)} s.${last} ${LOOK}`,
  };
}

export function contractBroken(message: string): UnsettledReason {
  return { code: 'PLUGIN_CONTRACT', message: `${message} The vendor had accepted it before. ${LOOK}` };
}

export function objectGone(): UnsettledReason {
  return { code: 'OBJECT_GONE', message: `The object was removed while the vendor worked on it. ${LOOK}` };
}

export function pollersLost(deaths: number): UnsettledReason {
  return {
    code: 'WORKER_LOST',
    message: `The workers that asked the vendor about it died ${deaths} times; it was given up. ${LOOK}`,
  };
}
