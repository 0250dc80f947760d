import { describe, expect, it } from '@jest/globals';
import type { TaskId } from '@drover/model';
import { HeldLeases } from './held-leases.js';

const TASK = 'task_a' as TaskId;

describe('HeldLeases', () => {
  it('lets writes pass while the lease lasts, counted from when it was asked for', () => {
    let now = 1_000;
    const leases = new HeldLeases({ leaseMs: 100, now: () => now });
    const signal = leases.hold(TASK, { askedAt: 950 });
    now = 1_049;
    expect(() => leases.check(TASK)).not.toThrow();
    now = 1_050;
    expect(() => leases.check(TASK)).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }));
    expect(signal.aborted).toBe(true);
  });

  it('prolongs what the store confirms and aborts the rest', () => {
    let now = 0;
    const leases = new HeldLeases({ leaseMs: 100, now: () => now });
    const kept = leases.hold(TASK, { askedAt: 0 });
    const lost = leases.hold('task_b' as TaskId, { askedAt: 0 });
    const asked = [TASK, 'task_b' as TaskId];
    const later = leases.hold('task_c' as TaskId, { askedAt: 50 });
    leases.confirm({ asked, confirmed: [TASK] }, 60);
    now = 120;
    expect(later.aborted).toBe(false);
    expect(() => leases.check(TASK)).not.toThrow();
    expect(kept.aborted).toBe(false);
    expect(lost.aborted).toBe(true);
  });

  it('refuses a write of a task that is not held', () => {
    const leases = new HeldLeases({ leaseMs: 100 });
    expect(() => leases.check(TASK)).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }));
  });
});
