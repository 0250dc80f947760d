import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Engine } from '@drover/engine';
import { Fault, type Run, settledCount } from '@drover/model';
import type { Database } from '@drover/store';
import { DyingProcess } from './dying-process.js';
import { type EngineWorld, type WorldOptions, openEngineWorld } from './engine-world.js';
import { ONCE_MANIFEST, OnceVendor, type VendorManner } from './once-vendor.js';
import type { Script } from './scripted-runtime.js';

/** An engine whose process dies on its way; its calls can be the last thing that it does, or not leave at all. */
function startMortal(world: EngineWorld, vendor: OnceVendor, process: DyingProcess): Engine {
  const mortal: Script = {
    executeOne: (object, call) =>
      vendor.executeOne(object, {
        ...call,
        send: (take) =>
          call.send(async () => {
            process.step('before vendor');
            const result = await take();
            process.step('after vendor');
            return result;
          }),
      }),
  };
  return world.another(mortal, { ports: (ports) => process.ports(ports) }).engine;
}

const host = (n: number) => `host${n}.example.com`;

/** How calls that must not be repeated behave over a store. `open` gives a fresh, migrated database. */
export function describeOnceBehaviour(open: () => Promise<Database>): void {
  describe('once-only calls', () => {
    let database: Database;
    let worlds: EngineWorld[] = [];

    beforeEach(async () => {
      database = await open();
    });

    afterEach(async () => {
      for (const world of worlds) await world.close();
      worlds = [];
    });

    async function openWorld(options: WorldOptions): Promise<EngineWorld> {
      const world = await openEngineWorld(database, { manifest: ONCE_MANIFEST, ...options });
      worlds.push(world);
      return world;
    }

    async function outcomesOf(world: EngineWorld, run: Pick<Run, 'id'>) {
      return (await world.engine.outcomes(run.id, { limit: 1_000 })).data;
    }

    async function told(world: EngineWorld, run: Pick<Run, 'id'>): Promise<Record<string, string>> {
      const rows = await outcomesOf(world, run);
      return Object.fromEntries(
        rows.map(({ value, status, code }) => [value, `${status} ${code ?? ''}`.trim()]),
      );
    }

    /** Runs in a process that dies on its way, then lets another one take over. */
    async function runThroughDeath(world: EngineWorld, vendor: OnceVendor, process: DyingProcess) {
      const first = startMortal(world, vendor, process);
      const { runId } = await world.engine.submit(world.submission);
      await first.start();
      while (!process.isDead) await sleep(2);
      const second = world.another(vendor.script, { isDead: () => true });
      await second.engine.start();
      return { run: await world.waitFor(runId!), second };
    }

    it('calls an outcome unknown when the call left and no answer came, whatever the plugin says', async () => {
      const manners: VendorManner[] = [
        'accept',
        'refuse',
        'break',
        'hang up',
        'out of reach',
        'busy once',
        'hang up',
      ];
      const vendor = new OnceVendor((value) => manners[Number(/\d+/.exec(value)![0])]!);
      const world = await openWorld({
        objects: manners.length,
        script: {
          async executeOne(object, call) {
            const outcome = await vendor.executeOne(object, call);
            return object.value === host(6) ? { objectId: object.id, status: 'succeeded' } : outcome;
          },
        },
      });
      const run = await world.run();
      expect(await told(world, run)).toEqual({
        [host(0)]: 'succeeded',
        [host(1)]: 'failed VENDOR_REFUSED',
        [host(2)]: 'unknown NO_ANSWER',
        [host(3)]: 'unknown NO_ANSWER',
        [host(4)]: 'failed VENDOR_UNREACHABLE',
        [host(5)]: 'succeeded',
        [host(6)]: 'unknown NO_ANSWER',
      });
      expect(run.status).toBe('partial');
      expect(Math.max(...vendor.arrivals.values())).toBe(1);
      const evidence = (await outcomesOf(world, run))[3]!.evidence!;
      expect(evidence).toMatchObject({
        call: 'createImpact',
        result: { kind: 'noAnswer', reason: 'no answer came in time' },
      });
    });

    it('refuses such a call outside of executeOne, and a second one for an object', async () => {
      const vendor = new OnceVendor();
      const refusals: unknown[] = [];
      const world = await openWorld({
        objects: 2,
        script: {
          prepare: async ({ options }) => {
            const call = ONCE_MANIFEST.calls[0]!;
            const write = { call, describe: () => ({ method: 'POST' as const, path: '/impacts' }) };
            await options.beforeWrite(write).catch((fault: Fault) => refusals.push(fault.code));
          },
          async executeOne(object, call) {
            const outcome = await vendor.executeOne(object, call);
            await call.send(() => vendor.take(object)).catch((fault: Fault) => refusals.push(fault.code));
            return outcome;
          },
        },
      });
      expect((await world.run()).summary.counts.succeeded).toBe(2);
      expect(refusals).toEqual(['ONCE_NOT_ALLOWED', 'ONCE_NOT_ALLOWED', 'ONCE_NOT_ALLOWED']);
      expect([...vendor.arrivals.values()]).toEqual([1, 1]);
    });

    it('leaves an object unknown, without running it, when its worker died before an answer came', async () => {
      const vendor = new OnceVendor();
      const world = await openWorld({ objects: 1 });
      const process = new DyingProcess({ step: 'after vendor' });
      const { run, second } = await runThroughDeath(world, vendor, process);
      expect(await told(world, run)).toEqual({ [host(0)]: 'unknown NO_ANSWER' });
      expect(vendor.arrivals.get(host(0))).toBe(1);
      expect(second.runtime.invocations.map(({ hook }) => hook)).toEqual(['finish']);
      expect((await outcomesOf(world, run))[0]!.evidence).not.toHaveProperty('result');
      expect(run.summary.vendorCalls).toBe(1);
    });

    it('gives the kept answer to the plugin again when its worker died before it settled', async () => {
      const vendor = new OnceVendor();
      const world = await openWorld({ objects: 1 });
      const process = new DyingProcess({ step: 'before settleBatch' });
      const { run, second } = await runThroughDeath(world, vendor, process);
      expect(await outcomesOf(world, run)).toMatchObject([
        { status: 'succeeded', data: { impact: host(0) }, attempt: 2 },
      ]);
      expect(vendor.arrivals.get(host(0))).toBe(1);
      expect(second.runtime.invocations.map(({ hook }) => hook)).toEqual(['execute', 'finish']);
      // Its worker died with the number in its head; the journal has it.
      expect(run.summary.vendorCalls).toBe(1);
    });

    it('runs only what was not sent again after the plugin broke down', async () => {
      const vendor = new OnceVendor();
      let broken = false;
      const world = await openWorld({
        objects: 4,
        manifest: { ...ONCE_MANIFEST, limits: { ...ONCE_MANIFEST.limits, concurrency: 1 } },
        script: {
          async executeOne(object, call) {
            const outcome = await vendor.executeOne(object, call);
            if (object.value !== host(1) || broken) return outcome;
            broken = true;
            throw new Fault('PLUGIN_CRASHED', 'It fell over.');
          },
        },
      });
      const run = await world.run();
      expect(run.summary.counts).toMatchObject({ succeeded: 4 });
      expect([...vendor.arrivals.values()]).toEqual([1, 1, 1, 1]);
      const attempts = (await outcomesOf(world, run)).map(({ attempt }) => attempt);
      expect(attempts).toEqual([1, 2, 2, 2]);
    });

    it('says that an answer was not read when the plugin drops the object or throws', async () => {
      const vendor = new OnceVendor();
      const world = await openWorld({
        objects: 2,
        script: {
          async executeOne(object, call) {
            await vendor.executeOne(object, call);
            if (object.value === host(0)) return null;
            return {
              objectId: object.id,
              status: 'failed',
              code: 'PLUGIN_ERROR',
              message: 'x is not a function',
            };
          },
        },
      });
      const run = await world.run();
      expect(await told(world, run)).toEqual({
        [host(0)]: 'unknown ANSWER_UNREAD',
        [host(1)]: 'unknown ANSWER_UNREAD',
      });
      expect((await outcomesOf(world, run))[0]!.evidence?.result).toMatchObject({
        kind: 'answered',
        status: 201,
      });
    });

    it.each<[string, VendorManner, object, number]>([
      ['answer', 'accept', { kind: 'answered', status: 201 }, 1],
      ['word that nothing was sent', 'out of reach', { kind: 'notSent' }, 0],
    ])(
      'keeps a late %s of a worker that lost its lease beside the outcome',
      async (_, manner, result, sent) => {
        const vendor = new OnceVendor(() => manner);
        const taken = Promise.withResolvers<void>();
        const late = Promise.withResolvers<void>();
        const world = await openWorld({
          objects: 1,
          engine: { leaseMs: 600_000 },
          script: {
            executeOne: (object, call) =>
              vendor.executeOne(object, {
                ...call,
                send: (take) =>
                  call.send(async () => {
                    const given = await take();
                    taken.resolve();
                    await late.promise;
                    return given;
                  }),
              }),
          },
        });
        const { runId } = await world.engine.submit(world.submission);
        await world.engine.start();
        await taken.promise;
        const successor = world.another(vendor.script, { isDead: () => true });
        await successor.engine.start();
        const run = await world.waitFor(runId!);
        expect(await told(world, run)).toEqual({ [host(0)]: 'unknown NO_ANSWER' });
        await sleep(5);
        late.resolve();
        await world.engine.stop();
        const [outcome] = await outcomesOf(world, run);
        expect(outcome).toMatchObject({
          status: 'unknown',
          evidence: { result },
        });
        expect(outcome!.evidence!.answeredAt! > outcome!.at).toBe(true);
        expect(vendor.arrivals.get(host(0)) ?? 0).toBe(sent);
      },
    );

    it('takes a person’s word for what is unknown: sent is done, not sent can be retried', async () => {
      let breaks = true;
      const vendor = new OnceVendor(() => (breaks ? 'hang up' : 'accept'));
      const world = await openWorld({ objects: 4, script: vendor.script });
      const run = await world.run();
      expect(run).toMatchObject({ status: 'partial', summary: { counts: { unknown: 4 } } });
      await expect(world.engine.retry(run.id)).rejects.toMatchObject({ code: 'NOTHING_TO_RETRY' });
      const resolve = (ref: string, as: 'sent' | 'not-sent') =>
        world.engine.resolve(run.id, { as, objects: { ref } });
      expect(await resolve(host(0), 'sent')).toBe(1);
      const [first, second] = await outcomesOf(world, run);
      expect(first).toMatchObject({
        status: 'succeeded',
        data: { resolved: { as: 'sent', code: 'NO_ANSWER' } },
      });
      await resolve(second!.objectId, 'not-sent');
      await expect(resolve(host(0), 'not-sent')).rejects.toMatchObject({ code: 'NOT_UNKNOWN' });
      await expect(resolve('nobody.example.com', 'sent')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await world.engine.resolve(run.id, { as: 'sent', objects: 'all' })).toBe(2);
      await expect(world.engine.resolve(run.id, { as: 'sent', objects: 'all' })).rejects.toMatchObject({
        code: 'NOT_UNKNOWN',
      });
      const after = await world.engine.run(run.id);
      expect(after).toMatchObject({
        status: 'partial',
        summary: { counts: { succeeded: 3, failed: 1, unknown: 0 } },
      });
      expect((await told(world, run))[host(1)]).toBe('failed RESOLVED_NOT_SENT');
      breaks = false;
      const retried = await world.waitFor(await world.engine.retry(run.id));
      expect(retried.summary.counts).toMatchObject({ succeeded: 1 });
      expect(await told(world, retried)).toEqual({ [host(1)]: 'succeeded' });
      const events = (await world.ledger.events(run.id, 0)).filter(({ kind }) => kind === 'resolved');
      expect(events.map(({ data }) => data)).toContainEqual({ as: 'sent', objects: 2 });
    });

    it('does not send again what a retry has sent, when the same run is retried twice', async () => {
      let breaks = true;
      const vendor = new OnceVendor(() => (breaks ? 'hang up' : 'accept'));
      const world = await openWorld({ objects: 3, script: vendor.script });
      const run = await world.run();
      const retry = async () => world.waitFor(await world.engine.retry(run.id));
      const notSent = (ref: string) => world.engine.resolve(run.id, { as: 'not-sent', objects: { ref } });
      breaks = false;
      await notSent(host(0));
      expect(await told(world, await retry())).toEqual({ [host(0)]: 'succeeded' });
      await expect(world.engine.retry(run.id)).rejects.toMatchObject({ code: 'NOTHING_TO_RETRY' });
      breaks = true;
      await notSent(host(1));
      expect(await told(world, await retry())).toEqual({ [host(1)]: 'unknown NO_ANSWER' });
      breaks = false;
      await notSent(host(2));
      expect(await told(world, await retry())).toEqual({ [host(2)]: 'succeeded' });
      expect([host(0), host(1), host(2)].map((value) => vendor.arrivals.get(value))).toEqual([2, 2, 2]);
    });

    it('offers a step what was resolved as not sent, and nothing that was sent or is unknown', async () => {
      let breaks = true;
      const vendor = new OnceVendor(() => (breaks ? 'hang up' : 'accept'));
      const world = await openWorld({ objects: 3, script: vendor.script });
      const step = { trigger: 'schedule', stepKey: 'step-1' } as const;
      const run = await world.run(step);
      expect((await world.engine.submit({ ...world.submission, ...step })).runId).toBeUndefined();
      await world.engine.resolve(run.id, { as: 'sent', objects: { ref: host(0) } });
      await world.engine.resolve(run.id, { as: 'not-sent', objects: { ref: host(1) } });
      breaks = false;
      const next = await world.run(step);
      expect(await told(world, next)).toEqual({ [host(1)]: 'succeeded' });
    });

    it('resolves only after the run has ended', async () => {
      const world = await openWorld({ objects: 1, script: new OnceVendor().script });
      const { runId } = await world.engine.submit(world.submission);
      await expect(world.engine.resolve(runId!, { as: 'sent', objects: 'all' })).rejects.toMatchObject({
        code: 'RUN_IN_PROGRESS',
      });
    });

    it('sends each object at most once and balances its books wherever the process dies', async () => {
      let deaths = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            nth: fc.integer({ min: 1, max: 60 }),
            manners: fc.array(fc.constantFrom(...MANNERS), { minLength: 1, maxLength: 9 }),
            cancels: fc.constantFrom('not', 'gracefully', 'at once'),
          }),
          async ({ nth, manners, cancels }) => {
            const vendor = new OnceVendor((value) => manners[Number(/\d+/.exec(value)![0])]!);
            const process = new DyingProcess({ nth });
            const own = await openEngineWorld(await open(), {
              objects: manners.length,
              manifest: ONCE_MANIFEST,
            });
            try {
              await liveThroughDeath(own, { vendor, process, cancels });
              if (process.isDead) deaths += 1;
            } finally {
              await own.close();
              await own.database.close();
            }
          },
        ),
        { numRuns: 20, seed: 20_260_301 },
      );
      expect(deaths).toBeGreaterThan(5);
    }, 120_000);

    describe('cancelling at once', () => {
      /** A vendor call that takes for ever, until its hook is aborted. */
      function hanging(vendor: OnceVendor, from: number): Script {
        return {
          executeOne: (object, call) =>
            vendor
              .executeOne(object, {
                ...call,
                send: (take) =>
                  call.send(async () => {
                    const result = await take();
                    if (Number(/\d+/.exec(object.value)![0]) < from) return result;
                    await new Promise((resolve) => call.options.signal.addEventListener('abort', resolve));
                    return { kind: 'noAnswer', reason: 'it was stopped' };
                  }),
              })
              .then((outcome) => {
                if (call.options.signal.aborted) throw new Fault('CANCELLED', 'Stopped.');
                return outcome;
              }),
        };
      }

      it('leaves unknown what was on the wire and defers the rest', async () => {
        const vendor = new OnceVendor();
        const world = await openWorld({
          objects: 10,
          manifest: { ...ONCE_MANIFEST, limits: { ...ONCE_MANIFEST.limits, concurrency: 1 } },
          script: hanging(vendor, 5),
        });
        const { runId } = await world.engine.submit(world.submission);
        await world.engine.start();
        while (vendor.arrivals.size < 6) await sleep(2);
        await world.engine.cancel(runId!, { atOnce: true });
        const run = await world.waitFor(runId!);
        expect(run).toMatchObject({
          status: 'cancelled',
          summary: { counts: { succeeded: 5, unknown: 1, deferred: 4 } },
        });
        expect((await told(world, run))[host(5)]).toBe('unknown NO_ANSWER');
        world.runtime.script = vendor.script;
        const next = await world.run();
        expect(next.summary.counts).toMatchObject({ succeeded: 4, deferred: 0 });
        expect(Math.max(...vendor.arrivals.values())).toBe(1);
      });

      it('reaches the process that executes, from another one', async () => {
        const vendor = new OnceVendor();
        const world = await openWorld({ objects: 3, script: hanging(vendor, 0) });
        const { runId } = await world.engine.submit(world.submission);
        await world.engine.start();
        while (vendor.arrivals.size < 2) await sleep(2);
        await world.another({}).engine.cancel(runId!, { atOnce: true });
        const run = await world.waitFor(runId!);
        expect(run.summary.counts).toMatchObject({ unknown: 2, deferred: 1 });
      });

      it('defers a repeatable batch that wrote nothing and fails one that did', async () => {
        const begun: string[] = [];
        const world = await openWorld({
          objects: 20,
          manifest: {},
          script: {
            async execute(objects, { write, options: { signal } }) {
              if (objects[0]!.value === host(10)) await write();
              begun.push(objects[0]!.value);
              await new Promise((resolve) => signal.addEventListener('abort', resolve));
              throw new Fault('CANCELLED', 'Stopped.');
            },
          },
        });
        const { runId } = await world.engine.submit(world.submission);
        await world.engine.start();
        while (begun.length < 2) await sleep(2);
        await world.engine.cancel(runId!, { atOnce: true });
        const run = await world.waitFor(runId!);
        expect(run.status).toBe('cancelled');
        expect(run.summary.counts).toMatchObject({ failed: 10, deferred: 10 });
        expect((await told(world, run))[host(10)]).toBe('failed CANCELLED');
      });

      it('does not send again what a dead worker of a cancelled run had sent', async () => {
        const vendor = new OnceVendor();
        const process = new DyingProcess({ step: 'after vendor', nth: 6 });
        const world = await openWorld({ objects: 12 });
        const first = startMortal(world, vendor, process);
        const { runId } = await world.engine.submit(world.submission);
        await first.start();
        while (!process.isDead) await sleep(2);
        expect(vendor.arrivals.size).toBeGreaterThanOrEqual(6);
        await world.engine.cancel(runId!);
        await world.another(vendor.script, { isDead: () => true }).engine.start();
        const cancelled = await world.waitFor(runId!);
        const { counts } = cancelled.summary;
        expect(counts.succeeded + counts.unknown).toBeGreaterThanOrEqual(vendor.arrivals.size);
        const pass = await world.engine.submit(world.submission);
        const rest = await world.waitFor(pass.runId!);
        expect(rest.summary.counts.succeeded).toBe(12 - counts.succeeded - counts.unknown);
        expect(Math.max(...vendor.arrivals.values())).toBe(1);
      });
    });
  });
}

const MANNERS: VendorManner[] = ['accept', 'accept', 'accept', 'refuse', 'break', 'hang up', 'busy once'];

/** A pass whose first process dies somewhere; after every run of it the vendor and the books agree. */
async function liveThroughDeath(
  world: EngineWorld,
  { vendor, process, cancels }: { vendor: OnceVendor; process: DyingProcess; cancels: string },
): Promise<void> {
  const first = startMortal(world, vendor, process);
  let { runId, pass } = await world.engine.submit(world.submission);
  await first.start();
  while (!process.isDead && (await world.engine.run(runId!)).endedAt === undefined) await sleep(2);
  const isOpen = (await world.engine.run(runId!)).endedAt === undefined;
  if (cancels !== 'not' && isOpen) await world.engine.cancel(runId!, { atOnce: cancels === 'at once' });
  const { engine } = world.another(vendor.script, { isDead: () => true });
  await engine.start();
  const told = new Map<string, string>();
  for (;;) {
    const run = await world.waitFor(runId!);
    const { counts } = run.summary;
    expect(settledCount(counts) + counts.deferred).toBe(pass.remaining);
    for (const { value, status } of (await engine.outcomes(run.id, { limit: 1_000 })).data) {
      expect(told.has(value)).toBe(false);
      told.set(value, status);
    }
    if (counts.deferred === 0) break;
    ({ runId, pass } = await engine.submit(world.submission));
  }
  expect(told.size).toBe(pass.objects);
  for (const arrivals of vendor.arrivals.values()) expect(arrivals).toBe(1);
  for (const [value, status] of told) {
    if (status === 'succeeded') expect(vendor.arrivals.get(value)).toBe(1);
    else if (vendor.arrivals.has(value)) expect(['unknown', 'failed']).toContain(status);
  }
}
