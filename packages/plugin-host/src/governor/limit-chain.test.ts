import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Grant, LimitNews, LimitStore, LimitTake } from '@drover/engine';
import { LimitChain } from './limit-chain.js';
import { LocalLimitStore } from './local-limit-store.js';

const TAKE: LimitTake = {
  connectionId: 'con_1',
  rateGroup: 'default',
  windows: [{ grants: 2, inMs: 1_000 }],
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
  closeMs: 7_000,
  circuit: { failures: 5, overMs: 1, forgetAfterMs: 1, firstMs: 1, longestMs: 1, stretch: 1 },
};
const GRANTED = { granted: true, era: 0, owes: false, isProbe: false };
const USED_UP = { granted: false, retryAfterMs: 1_000, because: 'limit' };

/** A store over a server that can be taken away and come back empty. */
class LossyStore implements LimitStore {
  epoch = 0;
  state: 'there' | 'away' | 'hanging' = 'there';
  takes = 0;
  #kept: LocalLimitStore;

  constructor(readonly now: () => number) {
    this.#kept = new LocalLimitStore(now);
  }

  comeBackEmpty(): void {
    this.#kept = new LocalLimitStore(this.now);
    this.state = 'there';
    this.epoch += 1;
  }

  async take(request: LimitTake): Promise<Grant> {
    this.takes += 1;
    return (await this.#server()).take(request);
  }

  async report(news: LimitNews) {
    return (await this.#server()).report(news);
  }

  async down() {
    return (await this.#server()).down();
  }

  async #server(): Promise<LocalLimitStore> {
    if (this.state === 'away') throw new Error('connection refused');
    if (this.state === 'hanging') await new Promise(() => undefined);
    return this.#kept;
  }
}

describe('LimitChain', () => {
  let nowMs: number;
  let first: LossyStore;
  let chain: LimitChain;
  let errors: unknown[];
  beforeEach(() => {
    nowMs = 1_000_000;
    errors = [];
    const now = () => nowMs;
    first = new LossyStore(now);
    const onError = (thrown: unknown) => errors.push(thrown);
    chain = new LimitChain([first, new LocalLimitStore(now), new LocalLimitStore(now)], { now, onError });
  });

  it('uses the first store as long as it answers', async () => {
    expect([await chain.take(TAKE), await chain.take(TAKE), await chain.take(TAKE)]).toEqual([
      GRANTED,
      GRANTED,
      USED_UP,
    ]);
    await chain.report(NEWS);
    expect(await first.take(TAKE)).toMatchObject({ retryAfterMs: 7_000 });
    expect(await chain.down()).toEqual([]);
  });

  it.each(['away', 'hanging'] as const)(
    'goes on with the next while it is %s, after one window',
    async (state) => {
      for (let n = 0; n < 2; n += 1) await chain.take(TAKE);
      first.state = state;
      expect(await chain.take(TAKE)).toEqual(USED_UP);
      nowMs += 1_000;
      expect([await chain.take(TAKE), await chain.take(TAKE), await chain.take(TAKE)]).toEqual([
        GRANTED,
        GRANTED,
        USED_UP,
      ]);
      // It was asked once, and rests.
      expect(first.takes).toBe(3);
      expect(errors).toHaveLength(1);
      await chain.report(NEWS);
      expect(await chain.take(TAKE)).toMatchObject({ retryAfterMs: 7_000 });
      expect(await chain.down()).toEqual([]);
    },
  );

  it('comes back to the first store, which may be empty by then, after one window', async () => {
    first.state = 'away';
    await chain.take(TAKE);
    nowMs += 1_000;
    for (let n = 0; n < 2; n += 1) expect(await chain.take(TAKE)).toEqual(GRANTED);
    first.comeBackEmpty();
    nowMs += 5_000;
    expect(await chain.take(TAKE)).toEqual(USED_UP);
    nowMs += 1_000;
    expect(await chain.take(TAKE)).toEqual(GRANTED);
    expect(await chain.take(TAKE)).toEqual(GRANTED);
  });

  it('notices that it came back empty though it was never missed', async () => {
    for (let n = 0; n < 2; n += 1) await chain.take(TAKE);
    first.comeBackEmpty();
    expect(await chain.take(TAKE)).toEqual(USED_UP);
    nowMs += 1_000;
    expect(await chain.take(TAKE)).toEqual(GRANTED);
    expect(errors).toEqual([]);
  });

  it('is wary of a budget that it first meets after a loss', async () => {
    first.comeBackEmpty();
    expect(await chain.take({ ...TAKE, rateGroup: 'other' })).toEqual(USED_UP);
  });
});
