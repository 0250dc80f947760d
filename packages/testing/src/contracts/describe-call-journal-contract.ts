import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CallIntent, CallJournal, WriteResult } from '@drover/engine';
import { type RunId, type TaskId, newId } from '@drover/model';

/** What a journal's contract needs of its store. */
export interface OpenedCallJournal {
  journal: CallJournal;
  /** A task under a lease with this token. */
  leaseTask(taskId: TaskId, options: { runId: RunId; leaseToken: number }): Promise<void>;
}

const AT = new Date('2026-03-01T12:00:00.000Z');
const LATER = new Date('2026-03-01T12:00:03.000Z');

function answered(body: unknown): WriteResult {
  return { kind: 'answered', reply: { status: 201, headers: { 'x-id': '7' }, body, at: AT.toISOString() } };
}

/** What every journal of once-only calls does. `open` gives one over an empty store. */
export function describeCallJournalContract(open: () => Promise<OpenedCallJournal>): void {
  describe('a call journal', () => {
    const runId = newId('run');
    const taskId = newId('task');
    let journal: CallJournal;
    let opened: OpenedCallJournal;

    beforeEach(async () => {
      opened = await open();
      journal = opened.journal;
      await opened.leaseTask(taskId, { runId, leaseToken: 3 });
    });

    function intent(objectSeq: number, changes: Partial<CallIntent> = {}): CallIntent {
      return { runId, taskId, leaseToken: 3, objectSeq, call: 'createImpact', at: AT, ...changes };
    }

    it('keeps an intent without a result, and then its answer as it was', async () => {
      const id = await journal.record(intent(1));
      expect(await journal.callsOf(runId, [1, 2])).toEqual([
        { objectSeq: 1, taskId, leaseToken: 3, call: 'createImpact', intentAt: AT },
      ]);
      await journal.settle(id, answered({ id: 'ä\u0000' }), LATER);
      expect(await journal.callsOf(runId, [1])).toEqual([
        {
          objectSeq: 1,
          taskId,
          leaseToken: 3,
          call: 'createImpact',
          intentAt: AT,
          answeredAt: LATER,
          result: { ...answered({ id: 'ä\u0000' }), status: 201 },
        },
      ]);
      expect(await journal.callsOf(newId('run'), [1])).toEqual([]);
    });

    it('gives the results of many calls of one moment to the right ones', async () => {
      const seqs = Array.from({ length: 40 }, (_, n) => n);
      const ids = await Promise.all(seqs.map((seq) => journal.record(intent(seq))));
      expect(new Set(ids).size).toBe(40);
      await Promise.all(
        ids.map((id, n) => journal.settle(id, { kind: 'noAnswer', reason: `reason ${n}` }, LATER)),
      );
      const calls = await journal.callsOf(runId, seqs);
      const told = calls.map(({ objectSeq, result }) => [objectSeq, result]);
      expect(Object.fromEntries(told)).toEqual(
        Object.fromEntries(seqs.map((n) => [n, { kind: 'noAnswer', reason: `reason ${n}` }])),
      );
    });

    it('refuses a second call for an object of the run, in the same moment as well', async () => {
      const both = await Promise.allSettled([journal.record(intent(1)), journal.record(intent(1))]);
      expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      await expect(journal.record(intent(1))).rejects.toMatchObject({ code: 'ONCE_NOT_ALLOWED' });
    });

    it('lets a call be made again that certainly was not sent', async () => {
      const id = await journal.record(intent(1));
      await journal.settle(id, { kind: 'notSent', reason: 'status 429' }, LATER);
      expect(await journal.callsOf(runId, [1])).toEqual([]);
      await expect(journal.record(intent(1))).resolves.not.toBe(id);
    });

    it('refuses an intent under a lease that another worker has by now, and takes its late answer', async () => {
      const id = await journal.record(intent(1));
      await opened.leaseTask(taskId, { runId, leaseToken: 4 });
      const refused = await Promise.allSettled([
        journal.record(intent(2)),
        journal.record(intent(2, { leaseToken: 4 })),
        journal.record(intent(3, { taskId: newId('task') })),
      ]);
      expect(refused.map((one) => (one.status === 'rejected' ? one.reason.code : 'recorded'))).toEqual([
        'LEASE_LOST',
        'recorded',
        'LEASE_LOST',
      ]);
      await journal.settle(id, answered('late'), LATER);
      expect(await journal.callsOf(runId, [1])).toMatchObject([{ result: { kind: 'answered' } }]);
    });

    it('keeps the first word on what came of a call', async () => {
      const id = await journal.record(intent(1));
      await journal.settle(id, answered('first'), AT);
      await journal.settle(id, { kind: 'notSent', reason: 'second' }, LATER);
      expect(await journal.callsOf(runId, [1])).toMatchObject([{ answeredAt: AT, result: { status: 201 } }]);
    });

    it('keeps of a large answer only that it came', async () => {
      const id = await journal.record(intent(1));
      await journal.settle(id, answered('x'.repeat(20_000)), LATER);
      const [call] = await journal.callsOf(runId, [1]);
      expect(call!.result).toEqual({ kind: 'answered', status: 201 });
    });
  });
}
