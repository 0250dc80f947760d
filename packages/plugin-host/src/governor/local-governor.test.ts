import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RateRule } from '@drover/model';
import { LocalGovernor } from './local-governor.js';

const RULE: RateRule = { requests: 4, perMs: 1_000 };

function governorAt(startMs = 1_767_323_045_000) {
  const clock = { nowMs: startMs };
  const governor = new LocalGovernor({ now: () => clock.nowMs, random: () => 0 });
  const take = (rule: RateRule | undefined = RULE, rateGroup = 'default', connectionId = 'con_1') =>
    governor.take({ connectionId, rateGroup, rule });
  const report = (status: number, headers: Record<string, string> = {}) =>
    governor.report({ connectionId: 'con_1', rateGroup: 'default', status, headers });
  return { clock, governor, take, report };
}

describe('LocalGovernor', () => {
  it('grants a full bucket at once, then says when the next token is there', async () => {
    const { clock, take } = governorAt();
    for (let n = 0; n < 4; n++) expect(await take()).toEqual({ granted: true });
    expect(await take()).toEqual({ granted: false, retryAfterMs: 250 });
    clock.nowMs += 249;
    expect(await take()).toEqual({ granted: false, retryAfterMs: 1 });
    clock.nowMs += 1;
    expect(await take()).toEqual({ granted: true });
    expect(await take()).toEqual({ granted: false, retryAfterMs: 250 });
  });

  it('keeps to the burst of a rule that has one', async () => {
    const { take } = governorAt();
    const rule = { requests: 24, perMs: 5_000, burst: 1 };
    expect(await take(rule)).toEqual({ granted: true });
    expect(await take(rule)).toEqual({ granted: false, retryAfterMs: 209 });
  });

  it('counts each connection and each rate group apart', async () => {
    const { take } = governorAt();
    for (let n = 0; n < 4; n++) await take();
    expect(await take()).toMatchObject({ granted: false });
    expect(await take(RULE, 'other')).toEqual({ granted: true });
    expect(await take(RULE, 'default', 'con_2')).toEqual({ granted: true });
  });

  it('without a rule grants everything until the vendor refuses', async () => {
    const { clock, take, report, governor } = governorAt();
    const free = { connectionId: 'con_1', rateGroup: 'default' };
    for (let n = 0; n < 100; n++) expect(await governor.take(free)).toEqual({ granted: true });
    expect(await report(429, { 'retry-after': '30' })).toEqual({ retryAfterMs: 30_000 });
    expect(await governor.take(free)).toEqual({ granted: false, retryAfterMs: 30_000 });
    expect(await take()).toEqual({ granted: false, retryAfterMs: 30_000 });
    clock.nowMs += 30_000;
    expect(await governor.take(free)).toEqual({ granted: true });
  });

  it('closes when a good answer took the last of the budget', async () => {
    const { clock, take, report } = governorAt();
    expect(await report(200, { 'ratelimit-remaining': '0', 'ratelimit-reset': '2' })).toEqual({});
    expect(await take()).toEqual({ granted: false, retryAfterMs: 2_000 });
    clock.nowMs += 2_000;
    expect(await take()).toEqual({ granted: true });
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

  it('takes refusals of calls that were under way together for one', async () => {
    const { clock, report } = governorAt();
    expect(await report(429)).toEqual({ retryAfterMs: 2_000 });
    clock.nowMs += 500;
    for (let n = 0; n < 9; n++) expect(await report(429)).toEqual({ retryAfterMs: 1_500 });
    clock.nowMs += 1_500;
    expect(await report(429)).toEqual({ retryAfterMs: 4_000 });
  });

  it('adds jitter of at most half', async () => {
    const governor = new LocalGovernor({ now: () => 0, random: () => 1 });
    const refusal = { connectionId: 'con_1', rateGroup: 'default', status: 429, headers: {} };
    expect(await governor.report(refusal)).toEqual({ retryAfterMs: 3_000 });
  });

  it('honours Retry-After of a 503 and ignores one without it', async () => {
    const { report, take } = governorAt();
    expect(await report(503)).toEqual({});
    expect(await take()).toEqual({ granted: true });
    expect(await report(503, { 'retry-after': '5' })).toEqual({ retryAfterMs: 5_000 });
    expect(await take()).toEqual({ granted: false, retryAfterMs: 5_000 });
  });

  it('a shorter closing does not cut a longer one', async () => {
    const { report, take } = governorAt();
    await report(429, { 'retry-after': '60' });
    await report(429, { 'retry-after': '5' });
    expect(await take()).toEqual({ granted: false, retryAfterMs: 60_000 });
  });

  it('never grants more than burst plus rate in any window, and waiting exactly as told is enough', async () => {
    const rules = fc.record({
      requests: fc.integer({ min: 1, max: 50 }),
      perMs: fc.integer({ min: 1, max: 60_000 }),
      burst: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
    });
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
              expect(grant.retryAfterMs).toBeLessThanOrEqual(3_600_000);
              clock.nowMs += grant.retryAfterMs;
              expect(await take(rule)).toEqual({ granted: true });
            }
            grantedAt.push(clock.nowMs);
          }
          grantedAt.forEach((fromMs, first) => {
            grantedAt.slice(first).forEach((toMs, more) => {
              const allowed = (rule.burst ?? rule.requests) + ((toMs - fromMs) * rule.requests) / rule.perMs;
              expect(more + 1).toBeLessThanOrEqual(allowed + 1e-6);
            });
          });
        },
      ),
      { numRuns: 100 },
    );
  });
});
