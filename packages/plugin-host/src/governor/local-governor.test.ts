import { describe, expect, it } from '@jest/globals';
import type { CallReport, Granted } from '@drover/engine';
import fc from 'fast-check';
import type { RateRule } from '@drover/model';
import { LocalGovernor } from './local-governor.js';
import type { CircuitChange } from './vendor-governor.js';

const RULE: RateRule = { requests: 4, perMs: 1_000 };
const FREE = { connectionId: 'con_1', rateGroup: 'default', timeoutMs: 30_000 };
const GRANTED: Granted = { granted: true, era: 0, owes: false, isProbe: false };

function governorAt(startMs = 1_767_323_045_000) {
  const clock = { nowMs: startMs };
  const changes: CircuitChange[] = [];
  const governor = new LocalGovernor({
    now: () => clock.nowMs,
    random: () => 0,
    onCircuit: (change) => changes.push(change),
  });
  const take = (rule: RateRule = RULE, rateGroup = 'default') => governor.take({ ...FREE, rateGroup, rule });
  const report = (status: number, headers: Record<string, string> = {}, more: Partial<CallReport> = {}) =>
    governor.report({
      ...FREE,
      grant: { ...GRANTED, owes: true },
      vendor: status < 500 ? 'up' : 'down',
      answer: { status, headers },
      ...more,
    });
  return { clock, changes, governor, take, report };
}

const refused = (retryAfterMs: number) => ({ granted: false, retryAfterMs, because: 'limit' });

describe('LocalGovernor', () => {
  it('grants what the rule allows at once, and the next after its time and a margin', async () => {
    const { clock, take } = governorAt();
    for (let n = 0; n < 4; n++) expect(await take()).toEqual(GRANTED);
    expect(await take()).toEqual(refused(1_060));
    clock.nowMs += 1_060;
    expect(await take()).toEqual(GRANTED);
  });

  it('keeps to the burst of a rule that has one', async () => {
    const { take } = governorAt();
    const rule = { requests: 24, perMs: 4_710, burst: 1 };
    expect(await take(rule)).toEqual(GRANTED);
    expect(await take(rule)).toEqual(refused(207));
  });

  it('keeps a rule of very many as so many in a part of its time', async () => {
    const { take } = governorAt();
    const rule = { requests: 600, perMs: 60_000 };
    for (let n = 0; n < 120; n++) expect(await take(rule)).toEqual(GRANTED);
    expect(await take(rule)).toEqual(refused(12_050));
  });

  it('without a rule grants everything until the vendor refuses', async () => {
    const { clock, take, report, governor } = governorAt();
    for (let n = 0; n < 100; n++) expect(await governor.take(FREE)).toEqual(GRANTED);
    expect(await report(429, { 'retry-after': '30' })).toEqual({ retryAfterMs: 30_000 });
    expect(await governor.take(FREE)).toEqual(refused(30_000));
    expect(await take()).toEqual(refused(30_000));
    clock.nowMs += 30_000;
    expect(await governor.take(FREE)).toEqual(GRANTED);
  });

  it('closes when a good answer took the last of the budget', async () => {
    const { clock, take, report } = governorAt();
    expect(await report(200, { 'ratelimit-remaining': '0', 'ratelimit-reset': '2' })).toEqual({});
    expect(await take()).toEqual(refused(2_000));
    clock.nowMs += 2_000;
    expect(await take()).toEqual(GRANTED);
  });

  it('backs off from 2 s, doubling to 60 s, when a refusal names no time; a good answer starts over', async () => {
    const { clock, report } = governorAt();
    const waits: number[] = [];
    for (let n = 0; n < 7; n++) {
      const waitMs = (await report(429)).retryAfterMs!;
      clock.nowMs += waitMs;
      waits.push(waitMs);
    }
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    await report(200);
    expect((await report(429)).retryAfterMs).toBe(2_000);
  });

  it('adds jitter of at most half', async () => {
    const governor = new LocalGovernor({ now: () => 0, random: () => 1 });
    const refusal = { ...FREE, grant: GRANTED, vendor: 'up', answer: { status: 429, headers: {} } } as const;
    expect(await governor.report(refusal)).toEqual({ retryAfterMs: 3_000 });
  });

  it('honours Retry-After of a 503 and ignores one without it', async () => {
    const { report, take } = governorAt();
    expect(await report(503)).toEqual({});
    expect(await take()).toMatchObject({ granted: true });
    expect(await report(503, { 'retry-after': '5' })).toEqual({ retryAfterMs: 5_000 });
    expect(await take()).toEqual(refused(5_000));
  });

  it('says when a vendor is taken for down, and when it is back', async () => {
    const { clock, changes, governor, report } = governorAt();
    const verdicts: unknown[] = [];
    for (let n = 0; n < 5; n++) {
      verdicts.push(await report(500));
      clock.nowMs += 1_000;
    }
    expect(verdicts).toEqual([{}, {}, {}, {}, { isDown: true }]);
    expect(await governor.take(FREE)).toEqual({ granted: false, retryAfterMs: 4_000, because: 'down' });
    clock.nowMs += 4_000;
    const probe = await governor.take(FREE);
    expect(probe).toMatchObject({ granted: true, isProbe: true });
    await report(404, {}, { grant: probe as Granted });
    expect(await governor.take(FREE)).toMatchObject({ granted: true, isProbe: false, owes: false });
    expect(changes).toEqual([{ connectionId: 'con_1', downMs: 5_000 }, { connectionId: 'con_1' }]);
  });

  it('never grants more than the rule in any window, and waiting exactly as told is enough', async () => {
    const rules = fc
      .record({
        requests: fc.integer({ min: 1, max: 300 }),
        perMs: fc.integer({ min: 1, max: 60_000 }),
        burst: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
      })
      .map(({ requests, perMs, burst }) => ({
        requests,
        perMs,
        ...(burst === undefined ? {} : { burst: Math.min(burst, requests) }),
      }));
    await fc.assert(
      fc.asyncProperty(
        rules,
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 60 }),
        async (rule, pauses) => {
          const { clock, take } = governorAt();
          const grantedAt: number[] = [];
          for (const pauseMs of pauses) {
            clock.nowMs += pauseMs;
            const grant = await take(rule);
            if (!grant.granted) {
              expect(grant.retryAfterMs).toBeGreaterThan(0);
              clock.nowMs += grant.retryAfterMs;
              expect(await take(rule)).toEqual(GRANTED);
            }
            grantedAt.push(clock.nowMs);
          }
          const { requests, perMs, burst = requests } = rule;
          grantedAt.forEach((toMs, index) => {
            const within = (ms: number) =>
              grantedAt.slice(0, index + 1).filter((at) => at > toMs - ms).length;
            expect(within(perMs)).toBeLessThanOrEqual(requests);
            expect(within((perMs * burst) / requests)).toBeLessThanOrEqual(burst);
          });
        },
      ),
      { numRuns: 100 },
    );
  });
});
