import { expect, it } from '@jest/globals';
import type { TaskId } from '@drover/model';
import { HeldLeases } from '../held-leases.js';
import type { OutgoingWrite } from '../ports/plugin-runtime.js';
import { leaseGate } from './write-gate.js';

const TASK = 'task_a' as TaskId;
const WRITE = { call: {}, describe: () => ({}) } as unknown as OutgoingWrite;
const LOST = expect.objectContaining({ code: 'LEASE_LOST' });

it('asks for the lease first, and again when the bytes are about to leave', async () => {
  let now = 0;
  const leases = new HeldLeases({ leaseMs: 100, now: () => now });
  leases.hold(TASK, { askedAt: 0 });
  const told: string[] = [];
  const settled = async () => void told.push('settled');
  const gate = leaseGate(leases, TASK, async () => ({ do: 'send', settled }));
  const verdict = await gate(WRITE);
  if (verdict.do !== 'send') throw new Error(verdict.do);
  expect(() => verdict.beforeBytes!()).not.toThrow();
  await verdict.settled!({ kind: 'notSent', reason: '' });
  expect(told).toEqual(['settled']);
  now = 100;
  expect(() => verdict.beforeBytes!()).toThrow(LOST);
  await expect(gate(WRITE)).rejects.toEqual(LOST);
});

it('has nothing to ask about an answer that is handed out again', async () => {
  const leases = new HeldLeases({ leaseMs: 100, now: () => 0 });
  leases.hold(TASK, { askedAt: 0 });
  const replay = { do: 'replay', reply: { status: 200, headers: {}, body: null, at: '' } } as const;
  expect(await leaseGate(leases, TASK, async () => replay)(WRITE)).toBe(replay);
});
