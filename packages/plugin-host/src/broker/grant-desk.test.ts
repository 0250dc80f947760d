import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Governor, Grant, Granted, Refused } from '@drover/engine';
import type { CallSpec, PluginManifest } from '@drover/model';
import { type Applicant, GrantDesk } from './grant-desk.js';
import { WaitMeter } from './wait-meter.js';

const SPEC = { name: 'read', rateGroup: 'items' } as CallSpec;

const GRANTED: Granted = { granted: true, era: 0, owes: false, isProbe: false };

/** A governor that answers from a list, and a clock whose sleeps end when told. */
function openDesk(answers: Grant[]) {
  const sleeps: { ms: number; end(): void }[] = [];
  const clock = {
    nowMs: 0,
    now: () => clock.nowMs,
    sleep(ms: number, signal?: AbortSignal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      signal?.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
      const end = () => {
        clock.nowMs += ms;
        resolve();
      };
      sleeps.push({ ms, end });
      return promise;
    },
  };
  const governor: Governor = {
    take: async () => answers.shift() ?? GRANTED,
    report: async () => ({}),
  };
  const desk = new GrantDesk(governor, clock);
  const apply = (
    options: {
      hasWritten?: boolean;
      signal?: AbortSignal;
      connectionId?: string;
      evenIfDown?: boolean;
    } = {},
  ) => {
    const applicant: Applicant = {
      connectionId: options.connectionId ?? 'con_1',
      manifest: { limits: { maxWaitMs: 60_000 } } as PluginManifest,
      spec: SPEC,
      evenIfDown: options.evenIfDown ?? false,
      signal: options.signal ?? new AbortController().signal,
      waits: new WaitMeter(clock.now),
      hasWritten: () => options.hasWritten ?? false,
      waitedMs: 0,
    };
    const granted = desk.grant(applicant, ({ retryAfterMs, because }) =>
      Object.assign(new Error('too long'), { waitMs: retryAfterMs, because }),
    );
    return { applicant, granted };
  };
  return { apply, sleeps, clock };
}

const refused = (retryAfterMs: number, because: Refused['because'] = 'limit'): Grant => ({
  granted: false,
  retryAfterMs,
  because,
});

describe('GrantDesk', () => {
  it('lets calls through in the order in which they came', async () => {
    const { apply, sleeps } = openDesk([refused(500)]);
    const order: number[] = [];
    const all = [0, 1, 2].map((n) => apply().granted.then(() => order.push(n)));
    await turn();
    expect(sleeps.map((sleep) => sleep.ms)).toEqual([500]);
    sleeps[0]!.end();
    await Promise.all(all);
    expect(order).toEqual([0, 1, 2]);
  });

  it('counts the wait of those in line as their own', async () => {
    const { apply, sleeps } = openDesk([refused(500)]);
    const [first, second] = [apply(), apply()];
    await turn();
    expect(second.applicant.waits.waitingCalls).toBe(1);
    sleeps[0]!.end();
    await Promise.all([first.granted, second.granted]);
    expect([first, second].map(({ applicant }) => applicant.waitedMs)).toEqual([500, 500]);
    expect([first, second].map(({ applicant }) => applicant.waits.waitedMs)).toEqual([500, 500]);
  });

  it('sends those away who may not wait behind one who may', async () => {
    const { apply, sleeps } = openDesk([refused(30_000)]);
    const patient = apply({ hasWritten: true });
    const early = apply();
    await expect(early.granted).rejects.toMatchObject({ waitMs: 30_000 });
    await expect(apply().granted).rejects.toMatchObject({ waitMs: 30_000 });
    sleeps[0]!.end();
    await patient.granted;
  });

  it('goes on with the next when one in line is stopped', async () => {
    const { apply, sleeps } = openDesk([refused(500)]);
    const stop = new AbortController();
    const first = apply();
    const second = apply({ signal: stop.signal });
    const third = apply();
    await turn();
    stop.abort();
    await expect(second.granted).rejects.toMatchObject({ code: 'CANCELLED' });
    sleeps[0]!.end();
    await Promise.all([first.granted, third.granted]);
  });

  it('goes on with the next when the first is stopped in its sleep', async () => {
    const { apply, sleeps } = openDesk([refused(500), refused(200)]);
    const stop = new AbortController();
    const first = apply({ signal: stop.signal });
    const second = apply();
    await turn();
    stop.abort();
    await expect(first.granted).rejects.toMatchObject({ code: 'CANCELLED' });
    await turn();
    expect(sleeps.map((sleep) => sleep.ms)).toEqual([500, 200]);
    sleeps[1]!.end();
    await second.granted;
  });

  it('lets other connections pass', async () => {
    const { apply, sleeps } = openDesk([refused(500)]);
    const waiting = apply();
    await turn();
    await apply({ connectionId: 'con_2' }).granted;
    sleeps[0]!.end();
    await waiting.granted;
  });

  it('ends the patience even of a hook that has written', async () => {
    const { apply, sleeps } = openDesk([refused(40_000), refused(30_000)]);
    const { granted } = apply({ hasWritten: true });
    await turn();
    sleeps[0]!.end();
    await expect(granted).rejects.toMatchObject({ waitMs: 30_000 });
  });

  it('says what it waits for, also to those in line', async () => {
    const { apply, sleeps } = openDesk([refused(30_000, 'down')]);
    const patient = apply({ hasWritten: true });
    await expect(apply().granted).rejects.toMatchObject({ waitMs: 30_000, because: 'down' });
    sleeps[0]!.end();
    expect(await patient.granted).toBe(GRANTED);
  });

  it('lets those pass who go even if the vendor seems down', async () => {
    const { apply, sleeps } = openDesk([refused(500, 'down')]);
    const waiting = apply();
    await turn();
    await apply({ evenIfDown: true }).granted;
    sleeps[0]!.end();
    await waiting.granted;
  });
});
