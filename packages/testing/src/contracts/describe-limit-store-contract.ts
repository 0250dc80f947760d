import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CircuitRule, Granted, LimitNews, LimitStore, LimitTake, LimitVerdict } from '@drover/engine';
import { LocalLimitStore } from '@drover/plugin-host';
import fc from 'fast-check';

const CIRCUIT: CircuitRule = {
  failures: 3,
  overMs: 1_000,
  forgetAfterMs: 60_000,
  firstMs: 5_000,
  longestMs: 12_000,
  stretch: 1,
};
const BACK_OFF = { firstMs: 2_000, longestMs: 60_000, stretch: 1 };
const FOUR_A_SECOND = [{ grants: 4, inMs: 1_000 }];
const STARTED_MS = 1_767_323_045_000;

/** A store over a clock of its own, and what a governor does with it. */
class LimitWorld {
  nowMs = STARTED_MS;
  /** Apart from those of other tests over the same server. */
  readonly connectionId = `con_${randomBytes(6).toString('hex')}`;

  constructor(readonly store: LimitStore) {}

  take(changes: Partial<LimitTake> = {}): ReturnType<LimitStore['take']> {
    return this.store.take({
      connectionId: this.connectionId,
      rateGroup: 'default',
      windows: [],
      evenIfDown: false,
      probeMs: 40_000,
      wary: false,
      ...changes,
    });
  }

  async granted(changes: Partial<LimitTake> = {}): Promise<Granted> {
    const grant = await this.take(changes);
    if (!grant.granted) throw new Error(`refused for ${grant.retryAfterMs} ms: ${grant.because}`);
    return grant;
  }

  report(grant: Granted, changes: Partial<LimitNews> = {}): Promise<LimitVerdict> {
    const { era, isProbe } = grant;
    const { connectionId } = this;
    const news: LimitNews = {
      connectionId,
      rateGroup: 'default',
      era,
      isProbe,
      vendor: 'up',
      circuit: CIRCUIT,
    };
    return this.store.report({ ...news, ...changes });
  }

  async fail(times: number): Promise<LimitVerdict[]> {
    const verdicts: LimitVerdict[] = [];
    for (let n = 0; n < times; n += 1) {
      verdicts.push(await this.report(await this.granted(), { vendor: 'down' }));
      this.nowMs += 500;
    }
    return verdicts;
  }
}

/** What every store of budgets and circuits does. `open` gives one that goes by the clock it is handed. */
export function describeLimitStoreContract(
  name: string,
  open: (now: () => number) => Promise<LimitStore>,
): void {
  describe(`${name} as a store of budgets and circuits`, () => {
    let world: LimitWorld;
    beforeEach(async () => {
      const store = await open(() => world.nowMs);
      world = new LimitWorld(store);
    });

    describeBudgets(() => world);
    describeCircuits(() => world);

    it('does what the one in memory does, whatever happens in whatever order', async () => {
      await fc.assert(fc.asyncProperty(fc.array(STEP, { maxLength: 40 }), sameAsInMemory), { numRuns: 60 });
    }, 60_000);

    async function sameAsInMemory(steps: readonly Step[]): Promise<void> {
      const other = new LimitWorld(world.store);
      const model = new LimitWorld(new LocalLimitStore(() => world.nowMs));
      let grants: { real: Granted; model: Granted }[] = [];
      for (const step of steps) {
        world.nowMs += step.pauseMs;
        if (step.kind === 'take') {
          const [real, modelled] = [await other.take(step.take), await model.take(step.take)];
          expect(real).toEqual(modelled);
          if (real.granted && modelled.granted) grants.push({ real, model: modelled });
          continue;
        }
        const [grant, ...rest] = grants;
        if (grant === undefined) continue;
        grants = rest;
        const { news } = step;
        expect(await other.report(grant.real, news)).toEqual(await model.report(grant.model, news));
      }
    }
  });
}

type Step = { pauseMs: number } & (
  { kind: 'take'; take: Partial<LimitTake> } | { kind: 'report'; news: Partial<LimitNews> }
);

const PAUSE = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 20_000 }));
const RATE_GROUP = fc.constantFrom('default', 'other');
const WINDOW = fc.record({
  grants: fc.integer({ min: 1, max: 6 }),
  inMs: fc.integer({ min: 1, max: 3_000 }),
});
const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('take' as const),
    pauseMs: PAUSE,
    take: fc.record({
      rateGroup: RATE_GROUP,
      windows: fc.array(WINDOW, { maxLength: 2 }),
      evenIfDown: fc.boolean(),
      wary: fc.boolean(),
      probeMs: fc.constantFrom(500, 40_000),
    }),
  }),
  fc.record({
    kind: fc.constant('report' as const),
    pauseMs: PAUSE,
    news: fc.record(
      {
        rateGroup: RATE_GROUP,
        vendor: fc.constantFrom('up' as const, 'down' as const, 'down' as const, 'unknown' as const),
        closeMs: fc.integer({ min: 1, max: 30_000 }),
        backOff: fc.constant(BACK_OFF),
      },
      { requiredKeys: ['rateGroup', 'vendor'] },
    ),
  }),
);

function describeBudgets(world: () => LimitWorld): void {
  const refused = (retryAfterMs: number) => ({ granted: false, retryAfterMs, because: 'limit' });

  it('grants what a window holds at once, then nothing until the window has passed', async () => {
    const windows = FOUR_A_SECOND;
    for (let n = 0; n < 4; n += 1) await world().granted({ windows });
    expect(await world().take({ windows })).toEqual(refused(1_000));
    world().nowMs += 999;
    expect(await world().take({ windows })).toEqual(refused(1));
    world().nowMs += 1;
    for (let n = 0; n < 4; n += 1) await world().granted({ windows });
    expect(await world().take({ windows })).toEqual(refused(1_000));
  });

  it('keeps every window, wherever it begins', async () => {
    const windows = [...FOUR_A_SECOND, { grants: 1, inMs: 100 }];
    await world().granted({ windows });
    expect(await world().take({ windows })).toEqual(refused(100));
    for (const pauseMs of [700, 100, 100]) {
      world().nowMs += pauseMs;
      await world().granted({ windows });
    }
    world().nowMs += 99;
    expect(await world().take({ windows })).toEqual(refused(1));
    world().nowMs += 1;
    await world().granted({ windows });
    expect(await world().take({ windows })).toEqual(refused(700));
  });

  it('remembers for the larger of two rules', async () => {
    const few = [{ grants: 1, inMs: 10 }];
    for (let n = 0; n < 3; n += 1) await world().granted({ windows: FOUR_A_SECOND });
    world().nowMs += 10;
    await world().granted({ windows: few });
    expect(await world().take({ windows: FOUR_A_SECOND })).toEqual(refused(990));
  });

  it('counts each connection and each rate group apart', async () => {
    const windows = FOUR_A_SECOND;
    for (let n = 0; n < 4; n += 1) await world().granted({ windows });
    expect(await world().take({ windows })).toMatchObject({ granted: false });
    await world().granted({ windows, rateGroup: 'other' });
    await world().granted({ windows, connectionId: `${world().connectionId}2` });
  });

  it('grants everything without a rule, until it is closed; a shorter closing does not cut a longer one', async () => {
    const grant = await world().granted();
    for (let n = 0; n < 50; n += 1) await world().granted();
    await world().report(grant, { closeMs: 30_000 });
    await world().report(grant, { closeMs: 5_000 });
    expect(await world().take()).toEqual(refused(30_000));
    expect(await world().take({ windows: FOUR_A_SECOND })).toEqual(refused(30_000));
    world().nowMs += 30_000;
    await world().granted();
  });

  it('backs off in waves that double, and starts over after a good answer', async () => {
    const waits: (number | undefined)[] = [];
    for (let n = 0; n < 7; n += 1) {
      const grant = await world().granted();
      const { backOffMs } = await world().report(grant, { backOff: BACK_OFF });
      waits.push(backOffMs);
      world().nowMs += 500;
      expect(await world().report(grant, { backOff: BACK_OFF })).toEqual({ backOffMs: backOffMs! - 500 });
      expect(await world().take()).toEqual(refused(backOffMs! - 500));
      world().nowMs += backOffMs! - 500;
    }
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    const grant = await world().granted();
    expect(grant.owes).toBe(true);
    await world().report(grant);
    expect(await world().granted()).toMatchObject({ owes: false });
    expect(await world().report(grant, { backOff: BACK_OFF })).toEqual({ backOffMs: 2_000 });
  });

  it('takes what it knows nothing of for used up when it is to be wary, once', async () => {
    const windows = FOUR_A_SECOND;
    expect(await world().take({ windows, wary: true })).toEqual(refused(1_000));
    world().nowMs += 600;
    expect(await world().take({ windows, wary: true })).toEqual(refused(400));
    world().nowMs += 400;
    await world().granted({ windows });
    await world().granted({ windows, wary: true });
    await world().granted({ wary: true });
  });

  it('keeps nothing of a refusal, not even how much its rule would have it remember', async () => {
    await world().report(await world().granted(), { closeMs: 2_000 });
    expect(await world().take({ windows: FOUR_A_SECOND })).toEqual(refused(2_000));
    world().nowMs += 2_000;
    await world().granted();
    // Of that one nothing is known, since no rule that granted anything asked for it.
    expect(await world().take({ windows: FOUR_A_SECOND, wary: true })).toEqual(refused(1_000));
  });

  it('never grants more than a window holds to callers at the same time', async () => {
    const windows = [{ grants: 10, inMs: 60_000 }];
    const grants = await Promise.all(Array.from({ length: 25 }, () => world().take({ windows })));
    expect(grants.filter(({ granted }) => granted)).toHaveLength(10);
  });
}

function describeCircuits(world: () => LimitWorld): void {
  const down = (retryAfterMs: number) => ({ granted: false, retryAfterMs, because: 'down' });

  it('opens after enough failures in a row over enough time, for all rate groups of the connection', async () => {
    expect(await world().fail(2)).toEqual([{}, {}]);
    expect(await world().granted()).toMatchObject({ owes: true, era: 0 });
    expect(await world().fail(1)).toEqual([{ downMs: 5_000 }]);
    expect(await world().take()).toEqual(down(4_500));
    expect(await world().take({ rateGroup: 'other' })).toEqual(down(4_500));
    await world().granted({ connectionId: `${world().connectionId}2` });
    const { connectionId } = world();
    expect(await world().store.down()).toEqual([{ connectionId, probeInMs: 4_500 }]);
  });

  it('stays closed when failures come all at once, or long after one another, or between good answers', async () => {
    const together = await Promise.all([1, 2, 3, 4].map(() => world().granted()));
    for (const grant of together) expect(await world().report(grant, { vendor: 'down' })).toEqual({});
    await world().report(await world().granted());
    expect(await world().granted()).toMatchObject({ owes: false });
    await world().fail(2);
    await world().report(await world().granted());
    await world().fail(2);
    world().nowMs += CIRCUIT.forgetAfterMs;
    expect(await world().fail(1)).toEqual([{}]);
    await world().granted();
  });

  it('lets one probe out when its time is over, whose success closes it', async () => {
    await world().fail(3);
    world().nowMs += 4_500;
    const probe = await world().granted();
    expect(probe).toEqual({ granted: true, era: 1, owes: true, isProbe: true });
    expect(await world().take()).toEqual(down(1_000));
    expect(await world().take({ rateGroup: 'other' })).toEqual(down(1_000));
    expect(await world().report(probe)).toEqual({ isBack: true });
    expect(await world().granted()).toEqual({ granted: true, era: 1, owes: false, isProbe: false });
    expect(await world().store.down()).toEqual([]);
  });

  it('opens for longer each time that a probe fails, up to a bound', async () => {
    await world().fail(3);
    world().nowMs += 4_500;
    const waits: (number | undefined)[] = [];
    for (let n = 0; n < 3; n += 1) {
      const { downMs } = await world().report(await world().granted(), { vendor: 'down' });
      waits.push(downMs);
      expect(await world().take()).toEqual(down(downMs!));
      world().nowMs += downMs!;
    }
    expect(waits).toEqual([10_000, 12_000, 12_000]);
  });

  it('gives the probe to another when it came to nothing, or its worker died', async () => {
    await world().fail(3);
    world().nowMs += 4_500;
    const stopped = await world().granted();
    await world().report(stopped, { vendor: 'unknown' });
    const dead = await world().granted({ probeMs: 40_000 });
    expect(dead.isProbe).toBe(true);
    world().nowMs += 39_500;
    expect(await world().take()).toEqual(down(500));
    world().nowMs += 500;
    expect(await world().granted()).toMatchObject({ isProbe: true });
  });

  it('does not listen to calls that began before it opened', async () => {
    const early = await world().granted();
    await world().fail(3);
    expect(await world().report(early)).toEqual({});
    world().nowMs += 4_500;
    expect(await world().report(early, { vendor: 'down' })).toEqual({});
    expect(await world().granted()).toMatchObject({ isProbe: true });
  });

  it('lets those through that go even if it is down; their word counts', async () => {
    await world().fail(3);
    const test = await world().granted({ evenIfDown: true });
    expect(test).toEqual({ granted: true, era: 1, owes: true, isProbe: false });
    expect(await world().report(test, { vendor: 'down' })).toEqual({});
    expect(await world().take()).toEqual(down(4_500));
    expect(await world().report(test)).toEqual({ isBack: true });
    await world().granted();
  });

  it('spends no probe on a call that the limit refuses', async () => {
    await world().fail(3);
    world().nowMs += 4_500;
    const test = await world().granted({ evenIfDown: true });
    await world().report(test, { vendor: 'unknown', closeMs: 2_000 });
    expect(await world().take()).toEqual({ granted: false, retryAfterMs: 2_000, because: 'limit' });
    expect(await world().granted({ rateGroup: 'other' })).toMatchObject({ isProbe: true });
  });

  it('sends one probe, however many ask at the same time', async () => {
    await world().fail(3);
    world().nowMs += 4_500;
    const grants = await Promise.all(
      Array.from({ length: 12 }, (_, n) => world().take({ rateGroup: `group${n % 3}` })),
    );
    expect(grants.filter(({ granted }) => granted)).toHaveLength(1);
  });
}
