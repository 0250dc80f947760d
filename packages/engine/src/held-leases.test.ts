import { describe, expect, it } from '@jest/globals';
import type { TaskId } from '@drover/model';
import { HeldLeases } from './held-leases.js';

const TASK = 'task_a' as TaskId;
const LOST = expect.objectContaining({ code: 'LEASE_LOST' });

describe('HeldLeases', () => {
  it('lets writes pass while the lease lasts, counted from when it was asked for', () => {
    let now = 1_000;
    const leases = new HeldLeases({ leaseMs: 100, now: () => now });
    const signal = leases.hold(TASK, { askedAt: 950 });
    now = 1_049;
    expect(() => leases.check(TASK)).not.toThrow();
    now = 1_050;
    expect(() => leases.check(TASK)).toThrow(LOST);
    expect(signal.aborted).toBe(true);
  });

  it('prolongs what the store confirms and aborts the rest', () => {
    let now = 0;
    const leases = new HeldLeases({ leaseMs: 100, now: () => now });
    const kept = leases.hold(TASK, { askedAt: 0 });
    const lost = leases.hold('task_b' as TaskId, { askedAt: 0 });
    const young = 'task_c' as TaskId;
    const asked = leases.taskIds;
    const held = leases.hold(young, { askedAt: 60 });
    leases.confirm(asked, { confirmed: [TASK], askedAt: 60 });
    now = 120;
    expect(() => leases.check(TASK)).not.toThrow();
    expect(kept.aborted).toBe(false);
    expect(lost.aborted).toBe(true);
    // Nobody has asked about it.
    expect(held.aborted).toBe(false);
    expect(() => leases.check(young)).not.toThrow();
  });

  it('keeps a task that was lost and is held anew when the work of before lets go of it', () => {
    const leases = new HeldLeases({ leaseMs: 100_000 });
    const before = leases.hold(TASK, { askedAt: performance.now() });
    const anew = leases.hold(TASK, { askedAt: performance.now() });
    expect([before.aborted, anew.aborted]).toEqual([true, false]);
    leases.release(TASK, before);
    expect(() => leases.check(TASK)).not.toThrow();
    leases.release(TASK, anew);
    expect(leases.taskIds).toEqual([]);
  });

  it('takes back nothing that was lost, and does not ask for it again', () => {
    let now = 0;
    const leases = new HeldLeases({ leaseMs: 100, now: () => now });
    leases.hold(TASK, { askedAt: 0 });
    const asked = leases.taskIds;
    now = 100;
    expect(() => leases.check(TASK)).toThrow(LOST);
    leases.confirm(asked, { confirmed: [TASK], askedAt: 100 });
    expect(() => leases.check(TASK)).toThrow(LOST);
    expect(leases.taskIds).toEqual([]);
  });

  it('leaves alone what is being settled', () => {
    const leases = new HeldLeases({ leaseMs: 100, now: () => 0 });
    const settling = leases.hold(TASK, { askedAt: 0 });
    const working = 'task_b' as TaskId;
    leases.hold(working, { askedAt: 0 });
    leases.settle(TASK);
    expect(leases.taskIds).toEqual([working]);
    leases.confirm(leases.taskIds, { confirmed: [], askedAt: 0 });
    expect(settling.aborted).toBe(false);
    expect(() => leases.check(TASK)).not.toThrow();
  });

  it('refuses a write of a task that is not held', () => {
    const leases = new HeldLeases({ leaseMs: 100 });
    expect(() => leases.check(TASK)).toThrow(LOST);
  });
});
