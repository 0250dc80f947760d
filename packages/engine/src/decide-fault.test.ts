import { describe, expect, it } from '@jest/globals';
import { type FaultSituation, decideFault } from './decide-fault.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const FRESH: FaultSituation = {
  attempt: 1,
  vendorWrites: 0,
  isCancelled: false,
  waitingSince: undefined,
  maxWaitMs: undefined,
  now: NOW,
};

function after(ms: number): Date {
  return new Date(NOW.getTime() + ms);
}

describe('decideFault', () => {
  it('parks a task that a rate limit stopped before it wrote', () => {
    const fault = { code: 'RATE_LIMITED', message: 'x', retryAfterMs: 42_000 };
    expect(decideFault(fault, FRESH)).toEqual({ do: 'postpone', dueAt: after(42_000), parkedAt: NOW });
    expect(decideFault(fault, { ...FRESH, attempt: 3 })).toMatchObject({ do: 'postpone' });
  });

  it('waits for a vendor that is down as for a rate limit', () => {
    const fault = { code: 'VENDOR_DOWN', message: 'x', retryable: true, retryAfterMs: 20_000 };
    const later = { do: 'postpone', dueAt: after(20_000), parkedAt: NOW };
    expect(decideFault(fault, { ...FRESH, attempt: 3 })).toEqual(later);
    expect(decideFault(fault, { ...FRESH, waitingSince: after(-3_590_000) })).toMatchObject({ do: 'defer' });
  });

  it('defers what has waited longer than it may', () => {
    const fault = { code: 'RATE_LIMITED', message: 'x', retryAfterMs: 60_000 };
    const waitingSince = after(-3_550_000);
    expect(decideFault(fault, { ...FRESH, waitingSince })).toEqual({ do: 'defer', stopsRun: false });
    expect(decideFault(fault, { ...FRESH, maxWaitMs: 30_000 })).toEqual({ do: 'defer', stopsRun: false });
  });

  it('tries a retryable fault three times with growing pauses, then settles it', () => {
    const fault = { code: 'VENDOR_UNAVAILABLE', message: 'x', retryable: true };
    expect(decideFault(fault, FRESH)).toEqual({ do: 'postpone', dueAt: after(1_000) });
    expect(decideFault(fault, { ...FRESH, attempt: 2 })).toEqual({ do: 'postpone', dueAt: after(4_000) });
    expect(decideFault(fault, { ...FRESH, attempt: 3 })).toEqual({
      do: 'settle',
      stopsRun: false,
    });
  });

  it('waits as long as the fault says', () => {
    const fault = { code: 'VENDOR_UNAVAILABLE', message: 'x', retryable: true, retryAfterMs: 9_000 };
    expect(decideFault(fault, FRESH)).toEqual({ do: 'postpone', dueAt: after(9_000) });
  });

  it('defers what a cancel found unsent, and settles the rest', () => {
    const fault = { code: 'PLUGIN_CRASHED', message: 'x', retryable: true };
    const cancelled = { ...FRESH, isCancelled: true };
    expect(decideFault(fault, cancelled)).toEqual({ do: 'defer', stopsRun: false });
    expect(decideFault(fault, { ...cancelled, vendorWrites: 1 })).toEqual({ do: 'settle', stopsRun: false });
  });

  it('stops the run for a fault of the account, and fails only what may have been written', () => {
    const fault = { code: 'CREDENTIALS_REFUSED', message: 'x' };
    expect(decideFault(fault, FRESH)).toEqual({ do: 'defer', stopsRun: true });
    expect(decideFault(fault, { ...FRESH, vendorWrites: 2 })).toEqual({
      do: 'settle',
      stopsRun: true,
    });
  });

  it('settles what trying again cannot help', () => {
    const fault = { code: 'VENDOR_REFUSED', message: 'x' };
    expect(decideFault(fault, FRESH)).toEqual({ do: 'settle', stopsRun: false });
  });
});
