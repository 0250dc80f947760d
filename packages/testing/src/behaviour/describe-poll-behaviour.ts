import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Fault, type Run, type RunId, hasEnded, settledCount } from '@drover/model';
import type { Database } from '@drover/store';
import { DyingProcess } from './dying-process.js';
import { type EngineWorld, type WorldOptions, openEngineWorld } from './engine-world.js';
import { fastClock } from './fast-clock.js';
import { ONCE_MANIFEST, OnceVendor } from './once-vendor.js';
import type { Script } from './scripted-runtime.js';
import { POLL_MANIFEST, SlowVendor, type Work, pendingOf } from './slow-vendor.js';

/** A second between polls passes in so many milliseconds. */
const SECOND_MS = 20;
const RING_MS = 20;

const host = (n: number) => `host${n}.example.com`;
const numberOf = (value: string) => Number(/\d+/.exec(value)![0]);

async function openPollWorld(database: Database, options: WorldOptions): Promise<EngineWorld> {
  return openEngineWorld(database, {
    manifest: POLL_MANIFEST,
    ...options,
    engine: { now: fastClock(1_000 / SECOND_MS), leaseMs: 100_000_000, ...options.engine },
  });
}

async function outcomesOf(world: EngineWorld, run: Pick<Run, 'id'>) {
  return (await world.engine.outcomes(run.id, { limit: 1_000 })).data;
}

async function told(world: EngineWorld, run: Pick<Run, 'id'>): Promise<Record<string, string>> {
  const rows = await outcomesOf(world, run);
  return Object.fromEntries(rows.map(({ value, status, code }) => [value, `${status} ${code ?? ''}`.trim()]));
}

/** How objects that a vendor finishes later behave over a store. `open` gives a fresh, migrated database. */
export function describePollBehaviour(open: () => Promise<Database>): void {
  describe('pending objects', () => {
    let database: Database;
    let worlds: EngineWorld[] = [];
    let bell: NodeJS.Timeout;

    beforeEach(async () => {
      database = await open();
      bell = setInterval(() => worlds.forEach((world) => void world.ring()), RING_MS);
    });

    afterEach(async () => {
      clearInterval(bell);
      for (const world of worlds) await world.close();
      worlds = [];
    });

    async function openWorld(options: WorldOptions): Promise<EngineWorld> {
      const world = await openPollWorld(database, options);
      worlds.push(world);
      return world;
    }

    async function start(world: EngineWorld): Promise<RunId> {
      const { runId } = await world.engine.submit(world.submission);
      await world.engine.start();
      return runId!;
    }

    /** Waits until the run does nothing but to wait for the vendor. */
    async function untilParked(
      world: EngineWorld,
      runId: RunId,
    ): Promise<Awaited<ReturnType<EngineWorld['engine']['run']>>> {
      for (;;) {
        const run = await world.engine.run(runId);
        expect(hasEnded(run.status)).toBe(false);
        if (run.status === 'waiting') return run;
        await sleep(1);
      }
    }

    it('parks objects without a worker, polls them with their tokens, and finishes after the last', async () => {
      const vendor = new SlowVendor(() => 2);
      const world = await openWorld({ objects: 3, script: vendor.script });
      const run = await world.run();
      expect(run).toMatchObject({
        status: 'succeeded',
        summary: { counts: { succeeded: 3 }, attributesWritten: 3 },
      });
      expect(run).not.toHaveProperty('pending');
      expect([...vendor.orders.values(), ...vendor.polls.values()]).toEqual([1, 1, 1, 2, 2, 2]);
      expect(world.runtime.invocations.map(({ hook }) => hook)).toEqual([
        'prepare',
        'execute',
        'poll',
        'poll',
        'finish',
      ]);
      expect((await outcomesOf(world, run))[0]).toMatchObject({ data: { order: host(0) } });
      const events = await world.ledger.events(run.id, 0);
      expect(events.find(({ kind }) => kind === 'waiting')!.data).toEqual({
        until: expect.any(String),
        pending: 3,
      });
    });

    it('shows what it waits for, and holds no task meanwhile', async () => {
      const vendor = new SlowVendor();
      vendor.isHeld = true;
      const world = await openWorld({ objects: 3, script: vendor.script });
      const runId = await start(world);
      const waiting = await untilParked(world, runId);
      expect(waiting).toMatchObject({
        pending: { objects: 3, nextPollAt: expect.stringMatching(/:\d\d\.000Z$/) },
        hold: { liveTasks: 0 },
        summary: { objectsRead: 0 },
      });
      vendor.isHeld = false;
      expect((await world.waitFor(runId)).summary.counts).toMatchObject({ succeeded: 3 });
    });

    it('settles what it has and goes on with other batches while objects are parked', async () => {
      const vendor = new SlowVendor((value) => [0, 3, 1, 0][numberOf(value) % 4]!);
      vendor.isHeld = true;
      const world = await openWorld({ objects: 12, script: vendor.script });
      const runId = await start(world);
      const waiting = await untilParked(world, runId);
      expect(waiting).toMatchObject({ pending: { objects: 6 }, summary: { counts: { succeeded: 6 } } });
      vendor.isHeld = false;
      const run = await world.waitFor(runId);
      expect(run.summary.counts).toMatchObject({ succeeded: 12 });
      expect([...vendor.orders.values()]).toEqual(Array.from({ length: 12 }, () => 1));
      const polls = world.runtime.invocations.filter(({ hook }) => hook === 'poll');
      expect(Math.max(...polls.map(({ objects }) => objects!))).toBeLessThanOrEqual(4);
      expect(vendor.polls.get(host(1))).toBeGreaterThanOrEqual(3);
    });

    it('goes on after a restart in the middle', async () => {
      const vendor = new SlowVendor(() => 3);
      vendor.isHeld = true;
      const world = await openWorld({ objects: 5, script: vendor.script });
      const runId = await start(world);
      await untilParked(world, runId);
      await world.engine.stop();
      const before = await world.engine.run(runId);
      expect(before).toMatchObject({ pending: { objects: 5 } });
      vendor.isHeld = false;
      const { engine } = world.another(vendor.script);
      await engine.start();
      const run = await world.waitFor(runId);
      expect(run.summary.counts).toMatchObject({ succeeded: 5 });
      expect([...vendor.orders.values()]).toEqual([1, 1, 1, 1, 1]);
    });

    it('polls again, and never executes again, when its worker dies during a poll', async () => {
      const vendor = new SlowVendor(() => 1);
      const world = await openWorld({ objects: 2 });
      const process = new DyingProcess({ step: 'before settleBatch', nth: 2 });
      const mortal = world.another(vendor.script, { ports: (ports) => process.ports(ports) });
      const { runId } = await world.engine.submit(world.submission);
      await mortal.engine.start();
      await process.gone();
      const heir = world.another(vendor.script, { isDead: () => true });
      await heir.engine.start();
      const run = await world.waitFor(runId!);
      expect(run.summary.counts).toMatchObject({ succeeded: 2 });
      expect(heir.runtime.invocations.map(({ hook, objects }) => [hook, objects])).toEqual([
        ['poll', 2],
        ['finish', undefined],
      ]);
      expect([...vendor.orders.values(), ...vendor.polls.values()]).toEqual([1, 1, 2, 2]);
    });

    it('gives up on a poll that kills its workers: what came of it is unknown', async () => {
      const vendor = new SlowVendor(() => 1);
      const world = await openWorld({ objects: 1 });
      const { runId } = await world.engine.submit(world.submission);
      for (let death = 0; death <= 6; death += 1) {
        const process = new DyingProcess({ step: 'before settleBatch', nth: death === 0 ? 2 : 1 });
        const { engine } = world.another(vendor.script, {
          ports: (ports) => process.ports(ports),
          isDead: () => true,
        });
        await engine.start();
        await process.gone();
      }
      const heir = world.another(vendor.script, { isDead: () => true });
      await heir.engine.start();
      const run = await world.waitFor(runId!);
      expect(await told(world, run)).toEqual({ [host(0)]: 'unknown WORKER_LOST' });
      expect(vendor.orders.get(host(0))).toBe(1);
    }, 30_000);

    it('gives up after maxPollMs, and takes a person’s word for it then', async () => {
      const vendor = new SlowVendor((value) => (numberOf(value) === 0 ? 'never' : 1));
      const manifest = { limits: { ...POLL_MANIFEST.limits, maxPollMs: 25_000 } };
      const world = await openWorld({ objects: 2, manifest, script: vendor.script });
      const run = await world.run();
      expect(run).toMatchObject({ status: 'partial', summary: { counts: { succeeded: 1, unknown: 1 } } });
      expect((await outcomesOf(world, run))[0]).toMatchObject({
        status: 'unknown',
        code: 'POLL_TIMED_OUT',
        data: { order: host(0) },
      });
      expect(vendor.polls.get(host(0))).toBeGreaterThanOrEqual(1);
      expect(await world.engine.resolve(run.id, { as: 'sent', objects: 'all' })).toBe(1);
      expect((await world.engine.run(run.id)).status).toBe('succeeded');
    });

    describe('cancelling', () => {
      const slow = { limits: { ...POLL_MANIFEST.limits, concurrency: 1 } };

      it.each([false, true])(
        'ends what is parked as unknown, never deferred (at once: %s)',
        async (atOnce) => {
          const vendor = new SlowVendor(() => 'never');
          const world = await openWorld({ objects: 6, manifest: slow, script: vendor.script });
          const runId = await start(world);
          await untilParked(world, runId);
          await world.engine.cancel(runId, { atOnce });
          const run = await world.waitFor(runId);
          expect(run).toMatchObject({
            status: 'cancelled',
            summary: { counts: { unknown: 6, deferred: 0 } },
          });
          const rows = await outcomesOf(world, run);
          expect(new Set(rows.map(({ code }) => code))).toEqual(new Set(['CANCELLED']));
          expect(rows[0]).toMatchObject({
            message: expect.stringContaining('run resolve'),
            data: { order: host(0) },
          });
        },
      );

      it('cuts off a poll under way, and defers what was not sent', async () => {
        const vendor = new SlowVendor(() => 'never');
        const polling = Promise.withResolvers<void>();
        const world = await openWorld({
          objects: 12,
          manifest: slow,
          script: {
            ...vendor.script,
            async poll(_, { options: { signal } }) {
              polling.resolve();
              await new Promise((resolve) => signal.addEventListener('abort', resolve));
              throw new Fault('CANCELLED', 'Stopped.');
            },
          },
        });
        const { runId } = await world.engine.submit({ ...world.submission, objectsPerRun: 8 });
        await world.engine.start();
        await polling.promise;
        await world.engine.cancel(runId!, { atOnce: true });
        const run = await world.waitFor(runId!);
        const { counts } = run.summary;
        expect(counts.unknown).toBe(vendor.orders.size);
        expect(counts.unknown + counts.deferred).toBe(12);
        const next = await world.engine.submit(world.submission);
        expect(next.pass.remaining).toBe(counts.deferred);
      });
    });

    describe('what a poll may say', () => {
      /** Answers of a first poll over objects 0 to 3, all of them ordered. */
      async function runPolled(
        poll: NonNullable<Script['poll']>,
        options: WorldOptions = {},
      ): Promise<{ world: EngineWorld; run: Run; vendor: SlowVendor }> {
        const vendor = new SlowVendor(() => 1);
        const world = await openWorld({ objects: 4, ...options, script: { ...vendor.script, poll } });
        return { world, run: await world.run(), vendor };
      }

      it('takes any outcome, and does not execute again what failed', async () => {
        const outcomes = [
          { status: 'succeeded' },
          { status: 'unchanged', code: 'SAME', message: 'It was so before.' },
          { status: 'rejected', code: 'REFUSED', message: 'No.' },
          { status: 'failed', code: 'BROKE', message: 'It broke.', retryable: true },
        ];
        const { world, run, vendor } = await runPolled((pending) =>
          pending.map(({ object }) => ({ objectId: object.id, ...outcomes[numberOf(object.value)] })),
        );
        expect(await told(world, run)).toEqual({
          [host(0)]: 'succeeded',
          [host(1)]: 'unchanged SAME',
          [host(2)]: 'rejected REFUSED',
          [host(3)]: 'failed BROKE',
        });
        expect([...vendor.orders.values()]).toEqual([1, 1, 1, 1]);
      });

      it('calls unknown what it drops, doubles or spoils', async () => {
        const { world, run } = await runPolled((pending) => {
          const [a, b, c] = pending.map(({ object }) => ({ objectId: object.id, status: 'succeeded' }));
          return [a, a, { ...b, status: 'pending', token: 'x'.repeat(5_000), pollAfterMs: 1_000 }, c];
        });
        expect(await told(world, run)).toEqual({
          [host(0)]: 'unknown PLUGIN_CONTRACT',
          [host(1)]: 'unknown PLUGIN_CONTRACT',
          [host(2)]: 'succeeded',
          [host(3)]: 'unknown PLUGIN_CONTRACT',
        });
        const log = (await world.ledger.events(run.id, 0)).filter(({ kind }) => kind === 'log');
        expect(log).toHaveLength(3);
      });

      it('leaves unknown what a plugin without poll parked, and what a poll broke over', async () => {
        const vendor = new SlowVendor(() => 1);
        const world = await openWorld({ objects: 1, script: { execute: vendor.script.execute! } });
        expect(await told(world, await world.run())).toEqual({ [host(0)]: 'unknown PLUGIN_CONTRACT' });
        world.runtime.script = {
          ...vendor.script,
          poll() {
            throw new Fault('VENDOR_REFUSED', 'There is no such order.');
          },
        };
        expect(await told(world, await world.run())).toEqual({ [host(0)]: 'unknown VENDOR_REFUSED' });
      });

      it('parks again for a rate limit and for a fault that may pass, and gives a broken plugin three tries', async () => {
        const faults = [
          new Fault('RATE_LIMITED', 'Slow down.', { retryAfterMs: 2_000 }),
          ...Array.from({ length: 3 }, () => new Fault('VENDOR_UNAVAILABLE', 'Not now.')),
        ];
        let polls = 0;
        const { run, world } = await runPolled((pending) => {
          polls += 1;
          const fault = faults.shift();
          if (fault !== undefined) throw fault;
          return pending.map(({ object }) => ({ objectId: object.id, status: 'succeeded' }));
        });
        expect(run.summary.counts).toMatchObject({ succeeded: 4 });
        expect(polls).toBe(5);
        polls = 0;
        world.runtime.script.poll = () => {
          polls += 1;
          throw new Fault('PLUGIN_CRASHED', 'It fell over.');
        };
        const broken = await world.run();
        expect(broken.summary.counts).toMatchObject({ unknown: 4 });
        expect(polls).toBe(3);
      });

      it('stops the run for a fault of the account: what is parked is unknown, the rest deferred', async () => {
        const manifest = { limits: { ...POLL_MANIFEST.limits, concurrency: 1 } };
        const vendor = new SlowVendor(() => 'never');
        const world = await openWorld({
          objects: 20,
          manifest,
          script: {
            async execute(objects, call) {
              await sleep(SECOND_MS);
              return vendor.order(objects, call);
            },
            poll() {
              throw new Fault('CREDENTIALS_REFUSED', 'The token was revoked.');
            },
          },
        });
        const run = await world.run();
        expect(run).toMatchObject({ status: 'failed', fault: { code: 'CREDENTIALS_REFUSED' } });
        const { counts } = run.summary;
        expect(counts.unknown).toBe(vendor.orders.size);
        expect(counts.unknown + counts.deferred).toBe(20);
        const reasons = await world.engine.reasons(run.id, 5);
        expect(reasons).toMatchObject([{ status: 'unknown', code: 'CREDENTIALS_REFUSED' }]);
      });

      it('makes repeatable writes, and no call that must not be repeated', async () => {
        const vendor = new OnceVendor();
        const refusals: unknown[] = [];
        const again = {
          ...ONCE_MANIFEST.calls[0]!,
          name: 'confirm',
          path: '/confirm',
          delivery: 'repeatable' as const,
        };
        const world = await openWorld({
          objects: 2,
          manifest: { ...ONCE_MANIFEST, calls: [...ONCE_MANIFEST.calls, again] },
          script: {
            async executeOne(object, call) {
              await call.send(() => vendor.take(object));
              return pendingOf(object);
            },
            async poll(pending, { options, write }) {
              await write({ call: 'confirm' });
              for (const { object } of pending) {
                const call = ONCE_MANIFEST.calls[0]!;
                const describe = () => ({ method: call.method, path: call.path });
                await options
                  .beforeWrite({ call, covers: [object.id], describe })
                  .catch((fault: Fault) => refusals.push(fault.code));
              }
              return pending.map(({ object }) => ({ objectId: object.id, status: 'succeeded' }));
            },
          },
        });
        const run = await world.run();
        expect(run.summary.counts).toMatchObject({ succeeded: 2 });
        expect(refusals).toEqual(['ONCE_NOT_ALLOWED', 'ONCE_NOT_ALLOWED']);
        expect([...vendor.arrivals.values()]).toEqual([1, 1]);
      });
    });

    it('says unknown, and does not park, when the once-only call of the object was left open', async () => {
      const vendor = new OnceVendor(() => 'hang up');
      const world = await openWorld({
        objects: 1,
        manifest: ONCE_MANIFEST,
        script: {
          async executeOne(object, call) {
            await call.send(() => vendor.take(object)).catch(() => undefined);
            return pendingOf(object);
          },
        },
      });
      expect(await told(world, await world.run())).toEqual({ [host(0)]: 'unknown NO_ANSWER' });
    });

    it('does not wait in a plan, and polls when the plan is applied', async () => {
      const vendor = new SlowVendor(() => 1);
      const world = await openWorld({
        objects: 8,
        script: {
          ...vendor.script,
          async execute(objects, call) {
            if (objects.some(({ value }) => value === host(0))) return vendor.order(objects, call);
            return objects.map((object) => pendingOf(object, { order: object.value, seen: 0 }));
          },
        },
      });
      const plan = await world.run({ plan: true });
      const codes = Object.values(await told(world, plan));
      expect(codes.filter((code) => code === 'skipped PLANNED')).toHaveLength(4);
      expect(codes.filter((code) => code === 'skipped PLAN_NOT_COMPUTED')).toHaveLength(4);
      expect(vendor.orders.size).toBe(0);
      const run = await world.waitFor(await world.engine.applyPlan(plan.id));
      expect(run.summary.counts).toMatchObject({ succeeded: 8 });
      expect(vendor.orders.size).toBe(4);
    });

    it('offers a step what was changed while it was parked', async () => {
      const vendor = new SlowVendor();
      vendor.isHeld = true;
      const manifest = { ...POLL_MANIFEST, reads: ['Score'], inputMode: 'changed' as const };
      const world = await openWorld({ objects: 2, manifest, script: vendor.script });
      const step = { trigger: 'schedule', stepKey: 'step-1' } as const;
      const { runId } = await world.engine.submit({ ...world.submission, ...step });
      await world.engine.start();
      await untilParked(world, runId!);
      const draft = {
        type: 'indicator',
        subtype: 'FQDN',
        value: host(1),
        attributes: [{ name: 'Score', value: 9 }],
      };
      await world.objects.upsert([draft], { source: 'Another', at: new Date() });
      vendor.isHeld = false;
      await world.waitFor(runId!);
      const next = await world.run(step);
      expect(Object.keys(await told(world, next))).toEqual([host(1)]);
    });

    it('calls unknown what was removed from the library while it was parked', async () => {
      const vendor = new SlowVendor();
      vendor.isHeld = true;
      const world = await openWorld({ objects: 2, script: vendor.script });
      const runId = await start(world);
      await untilParked(world, runId);
      await database.kysely.deleteFrom('objects').where('value', '=', host(0)).execute();
      vendor.isHeld = false;
      const run = await world.waitFor(runId);
      expect(run.summary.counts).toMatchObject({ succeeded: 1, unknown: 1 });
      expect(await world.engine.reasons(runId, 5)).toMatchObject([{ code: 'OBJECT_GONE' }]);
    });

    it('refuses pending from executeAll and a token that is too large', async () => {
      const whole = { limits: { ...POLL_MANIFEST.limits, scope: 'whole' as const } };
      const world = await openWorld({
        objects: 2,
        manifest: whole,
        script: {
          async executeAll(pages, { options }) {
            for await (const page of pages)
              await options.onOutcomes!(page.map((object) => pendingOf(object)));
          },
        },
      });
      expect((await world.run()).summary.counts).toMatchObject({ failed: 2 });
      expect(await told(world, (await world.engine.listRuns({})).data[0]!)).toMatchObject({
        [host(0)]: 'failed PLUGIN_CONTRACT',
      });
    });

    it('balances its books and executes nothing twice, wherever the process dies and whatever polls say', async () => {
      let deaths = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            nth: fc.integer({ min: 1, max: 60 }),
            work: fc.array(fc.constantFrom<Work>(0, 1, 1, 2, 4, 'never'), { minLength: 1, maxLength: 11 }),
            crimes: fc.array(fc.constantFrom(...CRIMES), { maxLength: 6 }),
            cancels: fc.constantFrom('not', 'not', 'gracefully', 'at once'),
          }),
          async ({ nth, work, crimes, cancels }) => {
            const process = new DyingProcess({ nth });
            const manifest = { limits: { ...POLL_MANIFEST.limits, maxPollMs: 6_000 } };
            const own = await openPollWorld(await open(), { objects: work.length, manifest });
            worlds = [own];
            await liveThroughDeath(own, {
              vendor: new SlowVendor((value) => work[numberOf(value)]!),
              process,
              cancels,
              crimes,
            });
            if (process.isDead) deaths += 1;
            await own.close();
            await own.database.close();
          },
        ),
        { numRuns: 20, seed: 20_260_401 },
      );
      expect(deaths).toBeGreaterThan(5);
    }, 120_000);
  });
}

const CRIMES = ['none', 'none', 'drop', 'double', 'unavailable', 'refused', 'locked out'];

/** A script whose polls go wrong one after the other, and that tells when it is to order what it has polled. */
function criminal(vendor: SlowVendor, crimes: string[]): Script {
  return {
    async execute(objects, call) {
      for (const { value } of objects) expect(vendor.polls.has(value)).toBe(false);
      return vendor.order(objects, call);
    },
    poll(pending) {
      const answers = vendor.poll(pending);
      switch (crimes.shift()) {
        case 'drop':
          return answers.slice(1);
        case 'double':
          return [...answers, answers[0]];
        case 'unavailable':
          throw new Fault('VENDOR_UNAVAILABLE', 'Not now.');
        case 'refused':
          throw new Fault('VENDOR_REFUSED', 'No.');
        case 'locked out':
          throw new Fault('CREDENTIALS_REFUSED', 'No.');
        default:
          return answers;
      }
    },
  };
}

/** A pass whose first process dies somewhere; after every run of it each object has one outcome, or is deferred. */
async function liveThroughDeath(
  world: EngineWorld,
  {
    vendor,
    process,
    cancels,
    crimes,
  }: { vendor: SlowVendor; process: DyingProcess; cancels: string; crimes: string[] },
): Promise<void> {
  const script = criminal(vendor, crimes);
  const first = world.another(script, { ports: (ports) => process.ports(ports) }).engine;
  let { runId, pass } = await world.engine.submit(world.submission);
  await first.start();
  while (!process.isDead && (await world.engine.run(runId!)).endedAt === undefined) await sleep(2);
  if (process.isDead) await process.gone();
  const isOpen = (await world.engine.run(runId!)).endedAt === undefined;
  if (cancels !== 'not' && isOpen) await world.engine.cancel(runId!, { atOnce: cancels === 'at once' });
  const { engine } = world.another(script, { isDead: () => true });
  await engine.start();
  const seen = new Map<string, string>();
  for (;;) {
    const run = await world.waitFor(runId!);
    const { counts } = run.summary;
    expect(run).not.toHaveProperty('pending');
    expect(settledCount(counts) + counts.deferred).toBe(pass.remaining);
    for (const { value, status } of (await engine.outcomes(run.id, { limit: 1_000 })).data) {
      expect(seen.has(value)).toBe(false);
      seen.set(value, status);
    }
    if (counts.deferred === 0) break;
    ({ runId, pass } = await engine.submit(world.submission));
  }
  expect(seen.size).toBe(pass.objects);
  for (const [value, status] of seen) {
    if (status !== 'failed') expect(vendor.orders.get(value)).toBeGreaterThanOrEqual(1);
  }
}
