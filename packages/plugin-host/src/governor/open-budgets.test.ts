import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LimitNews, LimitTake } from '@drover/engine';
import { LocalLimitStore } from './local-limit-store.js';
import { OpenBudgets } from './open-budgets.js';

const TAKE: LimitTake = {
  connectionId: 'con_1',
  rateGroup: 'default',
  windows: [],
  evenIfDown: false,
  probeMs: 1_000,
  wary: false,
};
const NEWS: LimitNews = {
  connectionId: 'con_1',
  rateGroup: 'default',
  era: 0,
  isProbe: false,
  vendor: 'up',
  circuit: { failures: 1, overMs: 0, forgetAfterMs: 60_000, firstMs: 5_000, longestMs: 5_000, stretch: 1 },
};

class CountedStore extends LocalLimitStore {
  takes = 0;
  /** Answers wait for this. */
  gate: Promise<void> = Promise.resolve();

  override async take(request: LimitTake) {
    this.takes += 1;
    const grant = await super.take(request);
    await this.gate;
    return grant;
  }
}

describe('OpenBudgets', () => {
  let nowMs = 0;
  let store: CountedStore;
  let budgets: OpenBudgets;

  beforeEach(() => {
    nowMs = 1_000;
    store = new CountedStore(() => nowMs);
    budgets = new OpenBudgets(store, { now: () => nowMs });
  });

  it('asks ten times a second for a budget that counts nothing', async () => {
    for (let at = 0; at < 30; at += 1, nowMs += 10) {
      expect(await budgets.take(TAKE)).toMatchObject({ granted: true });
    }
    expect(store.takes).toBe(3);
  });

  it.each([
    { windows: [{ grants: 100, inMs: 1_000 }] },
    { evenIfDown: true },
    { wary: true },
  ] satisfies Partial<LimitTake>[])('asks for each call with %j', async (changes) => {
    await budgets.take({ ...TAKE, ...changes });
    await budgets.take({ ...TAKE, ...changes });
    expect(store.takes).toBe(2);
  });

  it('is bound at once by what it reports, and soon by what others do', async () => {
    await budgets.take(TAKE);
    await budgets.report({ ...NEWS, closeMs: 500 });
    expect(await budgets.take(TAKE)).toEqual({ granted: false, retryAfterMs: 500, because: 'limit' });
    nowMs += 500;
    expect(await budgets.take(TAKE)).toMatchObject({ granted: true });
    await store.report({ ...NEWS, closeMs: 500 });
    nowMs += 100;
    expect(await budgets.take(TAKE)).toMatchObject({ granted: false, because: 'limit' });
  });

  it('holds the calls of all groups back from a vendor that is down, and probes it once', async () => {
    await budgets.take({ ...TAKE, rateGroup: 'other' });
    await budgets.report({ ...NEWS, vendor: 'down' });
    expect(await budgets.take({ ...TAKE, rateGroup: 'other' })).toMatchObject({ because: 'down' });
    nowMs += 5_000;
    expect(await budgets.take(TAKE)).toMatchObject({ granted: true, isProbe: true });
    expect(await budgets.take(TAKE)).toMatchObject({ because: 'down' });
  });

  it('does not keep a grant that was on its way while the vendor refused', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    store.gate = promise;
    const late = budgets.take(TAKE);
    await budgets.report({ ...NEWS, closeMs: 500 });
    resolve();
    expect(await late).toMatchObject({ granted: true });
    expect(await budgets.take(TAKE)).toMatchObject({ granted: false, because: 'limit' });
  });
});
