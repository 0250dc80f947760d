import { describe, expect, test } from '@jest/globals';
import type { CallSpec } from '@drover/model';
import type { ClaimedTask, PlacedObject } from '../ports/run-ledger.js';
import type { OutgoingWrite, WriteResult } from '../ports/plugin-runtime.js';
import { OnceGate } from './once-gate.js';

const ONCE: CallSpec = {
  name: 'createImpact',
  method: 'POST',
  path: '/impacts',
  purpose: 'creating an impact',
  effect: 'write',
  delivery: 'once',
};
const REPEATABLE: CallSpec = { ...ONCE, name: 'tagHost', delivery: 'repeatable' };
const OBJECT_SEQ = 7;
const ANSWER: WriteResult = {
  kind: 'answered',
  reply: { status: 201, headers: {}, body: {}, at: '2026-01-01T00:00:00.000Z' },
};

describe('the once gate', () => {
  test('gives the answer to the plugin while the disk still writes it, and counts it afterwards', async () => {
    const { gate, once, disk } = world();
    await leave(gate, ANSWER);
    expect(once.standing(OBJECT_SEQ).state).toBe('open');
    const kept = once.answersKept();
    disk.resolve();
    await kept;
    expect(once.standing(OBJECT_SEQ)).toMatchObject({ state: 'answered', isDone: true, status: 201 });
  });

  test('lets no other write leave before the disk has the answers that came earlier', async () => {
    const { gate, disk } = world();
    await leave(gate, ANSWER);
    let left = false;
    const write = gate(outgoing(REPEATABLE)).then(() => (left = true));
    await turn();
    expect(left).toBe(false);
    disk.resolve();
    await write;
  });

  test('leaves a call open whose answer could not be kept', async () => {
    const { gate, once, disk } = world();
    await leave(gate, ANSWER);
    disk.reject(new Error('disk full'));
    await once.answersKept();
    expect(once.standing(OBJECT_SEQ).state).toBe('open');
    await expect(gate(outgoing(ONCE))).rejects.toMatchObject({ code: 'ONCE_NOT_ALLOWED' });
  });

  test.each<WriteResult>([
    { kind: 'notSent', reason: 'refused' },
    { kind: 'noAnswer', reason: 'reset' },
  ])('keeps that a call was $kind before it goes on', async (result) => {
    const { gate, once, disk } = world();
    let told = false;
    const leaving = leave(gate, result).then(() => (told = true));
    await turn();
    expect(told).toBe(false);
    disk.resolve();
    await leaving;
    expect(once.standing(OBJECT_SEQ).state).toBe(result.kind === 'notSent' ? 'unsent' : 'open');
  });
});

function world() {
  const disk = Promise.withResolvers<void>();
  const once = new OnceGate(
    {
      journal: { record: async () => 1, settle: () => disk.promise, callsOf: async () => [] },
      task: { id: 'task_1', leaseToken: 1, run: { id: 'run_1' } } as ClaimedTask,
      calls: [ONCE, REPEATABLE],
      placed: [{ objectSeq: OBJECT_SEQ, object: { id: 'object_1' } } as PlacedObject],
      now: () => new Date(0),
    },
    [],
  );
  const gate = once.afterAnswers(once.gate(async () => ({ do: 'send' })));
  return { disk, once, gate };
}

async function leave(gate: ReturnType<typeof world>['gate'], result: WriteResult): Promise<void> {
  const verdict = await gate(outgoing(ONCE));
  if (verdict.do === 'send') await verdict.settled?.(result);
}

function outgoing(call: CallSpec): OutgoingWrite {
  return { call, covers: ['object_1'], describe: () => ({ method: call.method, path: call.path }) };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
