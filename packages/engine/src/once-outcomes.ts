import type { CheckedOutcome } from './balance-books.js';
import type { Standing } from './write-gates/once-gate.js';

/** Why an outcome is `unknown`. */
export interface UnknownReason {
  code: 'NO_ANSWER' | 'ANSWER_UNREAD';
  message: string;
}

/** Failures that are not the plugin's reading of an answer: it threw, answered for nothing, or could not read it. */
const NOT_READ: ReadonlySet<string> = new Set([
  'PLUGIN_CONTRACT',
  'PLUGIN_ERROR',
  'VENDOR_ANSWER_INVALID',
  'VENDOR_NO_ANSWER',
]);

/**
 * Why an outcome cannot stand, whatever the plugin says: its object's call left and no answer came, or the answer was
 * not read. `undefined` when it stands.
 */
export function judgeOutcome(outcome: CheckedOutcome, standing: Standing): UnknownReason | undefined {
  if (standing.state === 'open') return noAnswer(standing.reason);
  if (standing.state === 'unsent' || !standing.isDone || outcome.status !== 'failed') return undefined;
  if (!NOT_READ.has(outcome.code!)) return undefined;
  // The sentence of a breach is the runtime's own and says nothing of the answer.
  return answerUnread(standing.status, outcome.code === 'PLUGIN_CONTRACT' ? undefined : outcome.message);
}

export function noAnswer(reason: string): UnknownReason {
  return {
    code: 'NO_ANSWER',
    message: `The call may have reached the vendor, and it must not be repeated: ${reason}. Look there, then tell with run resolve.`,
  };
}

/** @param said the plugin's sentence, where it has one */
export function answerUnread(status: number, said?: string): UnknownReason {
  const what =
    said === undefined
      ? 'but the plugin did not say what came of it.'
      : `and what came of it is not known: ${/[.!?]$/.test(said) ? said : `${said}.`}`;
  return {
    code: 'ANSWER_UNREAD',
    message: `The vendor answered ${status} to a call that must not be repeated, ${what} Look there, then tell with run resolve.`,
  };
}

/** The failure of objects that were not sent when their batch was given up. */
export function workerLost(deaths: number): { code: string; message: string } {
  return {
    code: 'WORKER_LOST',
    message: `The workers of this batch died ${deaths} times; it was given up. Retry the run’s failed objects in smaller batches.`,
  };
}
