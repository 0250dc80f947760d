import type { CallSpec } from '@drover/model';
import type { CallJournal, IntentId, JournaledCall, JournaledResult } from '../ports/call-journal.js';
import type { OutgoingWrite, WriteResult, WriteVerdict } from '../ports/plugin-runtime.js';
import type { ClaimedTask, PlacedObject } from '../ports/run-ledger.js';
import { type WriteGate, onceNotAllowed } from './write-gate.js';

/** What is known of an object's call that must not be repeated. */
export type Standing =
  /** None was made, or it is certain that it did not leave. */
  | { state: 'unsent' }
  /** It left, or may have left, and what came of it is not known. */
  | { state: 'open'; reason: string }
  /** The vendor answered. `isDone`: with a status that does not refuse. Without `reply` the answer was too large to keep. */
  | { state: 'answered'; isDone: boolean; status: number; reply?: KeptReply };

type KeptReply = Extract<WriteResult, { kind: 'answered' }>['reply'];

interface Entry {
  call: string;
  standing: Exclude<Standing, { state: 'unsent' }>;
  /** Made by an earlier try and not yet given to the plugin again. */
  mayReplay: boolean;
}

export interface OnceGateParts {
  journal: CallJournal;
  task: ClaimedTask;
  calls: readonly CallSpec[];
  placed: readonly PlacedObject[];
  now: () => Date;
}

const DIED = 'the worker stopped before an answer came';

/**
 * Lets a call that must not be repeated leave at most once for each object of a batch, after its intent is on the disk.
 * One that an earlier try of the batch has sent does not leave again: its answer is handed out in its place.
 */
export class OnceGate {
  readonly #parts: OnceGateParts;
  #seqs: ReadonlyMap<string, number> | undefined;
  readonly #entries = new Map<number, Entry>();
  /** Answers on their way to the disk. */
  readonly #unkept = new Set<Promise<void>>();

  constructor(parts: OnceGateParts, earlier: readonly JournaledCall[]) {
    this.#parts = parts;
    for (const { objectSeq, call, result } of earlier) {
      this.#entries.set(objectSeq, { call, standing: this.#standingOf(call, result), mayReplay: true });
    }
  }

  standing(objectSeq: number): Standing {
    return this.#entries.get(objectSeq)?.standing ?? { state: 'unsent' };
  }

  gate(next: WriteGate): WriteGate {
    return (write) => (write.call.delivery === 'once' ? this.#admit(write) : next(write));
  }

  /**
   * Lets no write leave before the answers that came earlier are on the disk, since it may build on them. For one that
   * must not be repeated, the journal's order sees to that.
   */
  afterAnswers(next: WriteGate): WriteGate {
    return async (write) => {
      if (write.call.delivery !== 'once') await this.answersKept();
      return next(write);
    };
  }

  /** Resolves when what came of the calls so far is on the disk, or could not be kept: it then stays open. */
  async answersKept(): Promise<void> {
    while (this.#unkept.size > 0) await Promise.allSettled(this.#unkept);
  }

  async #admit({ call, covers }: OutgoingWrite): Promise<WriteVerdict> {
    const objectSeq = covers?.length === 1 ? this.#seqOf(covers[0]!) : undefined;
    if (objectSeq === undefined) {
      throw onceNotAllowed(call.name, 'it has to be made from executeOne and cover that one object');
    }
    const entry = this.#entries.get(objectSeq);
    if (entry !== undefined) return replayOf(entry, call.name);
    const sent: Entry = { call: call.name, standing: { state: 'open', reason: DIED }, mayReplay: false };
    this.#entries.set(objectSeq, sent);
    const { journal, task, now } = this.#parts;
    let id: IntentId;
    try {
      const { id: taskId, leaseToken, run } = task;
      const intent = { runId: run.id, taskId, leaseToken, objectSeq, call: call.name, at: now() };
      id = await journal.record(intent);
    } catch (refusal) {
      this.#entries.delete(objectSeq);
      throw refusal;
    }
    return { do: 'send', settled: (result) => this.#settle(id, { objectSeq, sent }, result) };
  }

  #seqOf(objectId: string): number | undefined {
    this.#seqs ??= new Map(
      this.#parts.placed.flatMap(({ object, objectSeq }) =>
        object === undefined ? [] : [[object.id, objectSeq]],
      ),
    );
    return this.#seqs.get(objectId);
  }

  /**
   * An answer is given to the plugin while the disk still writes: no write leaves and no outcome counts before it is done.
   * What was not sent, or came to no answer, may be sent again or ends the call, and waits.
   */
  #settle(
    id: IntentId,
    { objectSeq, sent }: { objectSeq: number; sent: Entry },
    result: WriteResult,
  ): Promise<void> {
    const kept = this.#keep(id, { objectSeq, sent }, result);
    if (result.kind !== 'answered') return kept;
    this.#unkept.add(kept);
    const done = (): unknown => this.#unkept.delete(kept);
    kept.then(done, done);
    return Promise.resolve();
  }

  async #keep(
    id: IntentId,
    { objectSeq, sent }: { objectSeq: number; sent: Entry },
    result: WriteResult,
  ): Promise<void> {
    await this.#parts.journal.settle(id, result, this.#parts.now());
    if (result.kind === 'notSent') this.#entries.delete(objectSeq);
    else if (result.kind === 'noAnswer') sent.standing = { state: 'open', reason: result.reason };
    else {
      const { reply } = result;
      sent.standing = this.#standingOf(sent.call, { kind: 'answered', status: reply.status, reply });
    }
  }

  #standingOf(name: string, result: JournaledResult | undefined): Entry['standing'] {
    if (result === undefined) return { state: 'open', reason: DIED };
    if (result.kind === 'noAnswer') return { state: 'open', reason: result.reason };
    const { status, reply } = result;
    const isHandled =
      this.#parts.calls.find((call) => call.name === name)?.handles?.includes(status) ?? false;
    if (status >= 500 && !isHandled) return { state: 'open', reason: `it answered ${status}` };
    const isDone = status < 300 || isHandled;
    return { state: 'answered', isDone, status, ...(reply === undefined ? {} : { reply }) };
  }
}

function replayOf(entry: Entry, call: string): WriteVerdict {
  const { standing, mayReplay } = entry;
  if (mayReplay && entry.call === call && standing.state === 'answered' && standing.reply !== undefined) {
    entry.mayReplay = false;
    return { do: 'replay', reply: standing.reply };
  }
  throw onceNotAllowed(call, 'the object has had its one call of this run');
}
