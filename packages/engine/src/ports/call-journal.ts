import type { RunId, TaskId } from '@drover/model';
import type { WriteResult } from './plugin-runtime.js';

/** A call that must not be repeated, as it is about to leave for one object. */
export interface CallIntent {
  runId: RunId;
  taskId: TaskId;
  /** Of the task under whose lease it leaves. */
  leaseToken: number;
  objectSeq: number;
  /** The call's name in the manifest. */
  call: string;
  at: Date;
}

/** Names an intent that was recorded. */
export type IntentId = number;

type AnsweredReply = Extract<WriteResult, { kind: 'answered' }>['reply'];

/** What came of a call that left. */
export type JournaledResult =
  /** `reply` is absent when the answer was larger than the journal keeps. */
  { kind: 'answered'; status: number; reply?: AnsweredReply } | { kind: 'noAnswer'; reason: string };

/** A call that left, or may have left, for an object. */
export interface JournaledCall {
  objectSeq: number;
  /** The task under whose lease it left, and the lease's token. */
  taskId: TaskId;
  leaseToken: number;
  call: string;
  intentAt: Date;
  /** When its result was recorded; absent, with `result`, for a call of which nothing came back. */
  answeredAt?: Date;
  result?: JournaledResult;
}

/** Largest answer that the journal keeps, as JSON: status, headers and body. */
export const MAX_JOURNALED_REPLY_BYTES = 16 * 1024;

/**
 * The record of calls that must not be repeated. What a method has resolved survives the loss of the machine's power:
 * intents and results of the same moment share one synchronous commit. An intent is on the disk no earlier than the results
 * that were given before it.
 */
export interface CallJournal {
  /**
   * Records that the call is about to leave. Faults: `LEASE_LOST` when the task is another worker's by now;
   * `ONCE_NOT_ALLOWED` when a call for the object may have left in this run before.
   */
  record(intent: CallIntent): Promise<IntentId>;
  /**
   * Records what came of it; the first word stands. One that was not sent stops counting. A result that comes after
   * another worker has settled the object is kept as evidence and changes no outcome.
   */
  settle(id: IntentId, result: WriteResult, at: Date): Promise<void>;
  /** The calls of a run that left for these objects, or may have: at most one each. */
  callsOf(runId: RunId, objectSeqs: readonly number[]): Promise<JournaledCall[]>;
}
