import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Fault, type PluginObject, type Run, settledCount } from '@drover/model';
import type { Database } from '@drover/store';
import fc from 'fast-check';
import { type EngineWorld, type WorldOptions, openEngineWorld } from './engine-world.js';
import type { Script } from './scripted-runtime.js';

function succeed(objects: PluginObject[]) {
  return objects.map(({ id }) => ({ objectId: id, status: 'succeeded' }));
}

/** Outcomes of all pages of a run. */
async function outcomesOf(world: EngineWorld, run: Run) {
  const all = [];
  let cursor: string | undefined;
  do {
    const page = await world.engine.outcomes(run.id, {
      limit: 1_000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    all.push(...page.data);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}

/** How runs behave over a store: the same on every one. `open` gives a fresh, migrated database that is closed for us. */
export function describeRunBehaviour(open: () => Promise<Database>): void {
  describe('runs', () => {
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
      const world = await openEngineWorld(database, options);
      worlds.push(world);
      return world;
    }

    it('takes successive slices until the pass is done, and opens a new pass after that', async () => {
      const world = await openWorld({ objects: 25, script: { execute: succeed } });
      const runs = [];
      for (let n = 0; n < 4; n += 1) runs.push(await world.run({ objectsPerRun: 10 }));
      expect(runs.map(({ summary }) => [summary.counts.succeeded, summary.counts.deferred])).toEqual([
        [10, 15],
        [10, 5],
        [5, 0],
        [10, 15],
      ]);
      expect(runs.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded']);
      expect(new Set(runs.slice(0, 3).map(({ passId }) => passId)).size).toBe(1);
      expect(runs[3]!.passId).not.toBe(runs[0]!.passId);
    });

    it('freezes the list: what comes later belongs to the next pass', async () => {
      const world = await openWorld({ objects: 12, script: { execute: succeed } });
      await world.run({ objectsPerRun: 10 });
      await world.addObjects({ from: 100, count: 5 });
      const second = await world.run({ objectsPerRun: 10 });
      expect(second.summary.counts).toMatchObject({ succeeded: 2, deferred: 0 });
      const third = await world.run({ restart: true });
      expect(third.summary.counts.succeeded).toBe(17);
    });

    it('tells the plugin where in the pass it is, and offers the first batch alone', async () => {
      const seen: { first: boolean; inFlight: number; slice: unknown }[] = [];
      let inFlight = 0;
      const world = await openWorld({
        objects: 60,
        manifest: {
          limits: {
            objectsPerRun: { default: 50, max: 100 },
            batch: { objects: 10 },
            concurrency: 4,
            firstBatchAlone: true,
          },
        },
        script: {
          async execute(objects, { isFirstOfPass, context, write }) {
            inFlight += 1;
            seen.push({ first: isFirstOfPass, inFlight, slice: context.run.pass });
            await write();
            await new Promise((resolve) => setTimeout(resolve, 10));
            inFlight -= 1;
            return succeed(objects);
          },
        },
      });
      await world.run();
      await world.run();
      expect(seen.filter(({ first }) => first)).toHaveLength(1);
      expect(seen[0]).toMatchObject({ first: true, inFlight: 1 });
      expect(seen[0]!.slice).toEqual({ isFirstSlice: true, isLastSlice: false, remaining: 10 });
      expect(seen[5]!.slice).toEqual({ isFirstSlice: false, isLastSlice: true, remaining: 0 });
    });

    it('gives the place of the first batch to the next one when the first came to nothing', async () => {
      const firsts: boolean[] = [];
      let refuse = true;
      const world = await openWorld({
        objects: 20,
        script: {
          async execute(objects, { isFirstOfPass, write }) {
            firsts.push(isFirstOfPass);
            if (refuse) throw new Fault('CREDENTIALS_REFUSED', 'No.');
            await write();
            return succeed(objects);
          },
        },
        manifest: {
          limits: { objectsPerRun: { default: 20, max: 20 }, batch: { objects: 10 }, firstBatchAlone: true },
        },
      });
      const refused = await world.run();
      expect(refused).toMatchObject({ status: 'failed', fault: { code: 'CREDENTIALS_REFUSED' } });
      expect(refused.summary.counts).toMatchObject({ failed: 0, deferred: 20 });
      refuse = false;
      const second = await world.run();
      expect(second.passId).toBe(refused.passId);
      expect(second.summary.counts.succeeded).toBe(20);
      expect(firsts).toEqual([true, true, false]);
    });

    it('stays first until something was written: a batch of nothing but rejects clears no list', async () => {
      const firsts: boolean[] = [];
      const world = await openWorld({
        objects: 30,
        script: {
          async execute(objects, { isFirstOfPass, index, write }) {
            firsts.push(isFirstOfPass);
            if (index === 0)
              return objects.map(({ id }) => ({
                objectId: id,
                status: 'rejected',
                code: 'BAD',
                message: 'Bad.',
              }));
            await write();
            return succeed(objects);
          },
        },
        manifest: {
          limits: { objectsPerRun: { default: 30, max: 30 }, batch: { objects: 10 }, firstBatchAlone: true },
        },
      });
      await world.run();
      expect(firsts).toEqual([true, true, false]);
    });

    it('freezes what prepare returned and gives it to every batch and to finish', async () => {
      const got: unknown[] = [];
      const world = await openWorld({
        objects: 15,
        script: {
          prepare: () => ({ list: 7 }),
          execute(objects, { prepared }) {
            got.push(prepared);
            return succeed(objects);
          },
          finish: ({ invocation }) => void got.push(invocation.prepared, invocation.counts.succeeded),
        },
      });
      await world.run();
      expect(got).toEqual([{ list: 7 }, { list: 7 }, { list: 7 }, 15]);
    });

    it('ends partial when finish fails, and says why', async () => {
      const world = await openWorld({
        objects: 3,
        script: {
          execute: succeed,
          finish() {
            throw new Fault('DEPLOY_FAILED', 'The list was written but not deployed.');
          },
        },
      });
      const run = await world.run();
      expect(run).toMatchObject({ status: 'partial', fault: { code: 'DEPLOY_FAILED' } });
      expect(run.summary.counts.succeeded).toBe(3);
    });

    it('defers everything when prepare fails, and calls neither execute nor finish', async () => {
      const world = await openWorld({
        objects: 5,
        script: {
          prepare() {
            throw new Fault('LIST_MISSING', 'There is no such list.');
          },
          execute: succeed,
        },
      });
      const run = await world.run();
      expect(run).toMatchObject({ status: 'failed', fault: { code: 'LIST_MISSING' } });
      expect(run.summary.counts.deferred).toBe(5);
      expect(world.runtime.invocations.map(({ hook }) => hook)).toEqual(['prepare']);
    });

    it('cuts batches by bytes as well as by objects', async () => {
      const world = await openWorld({
        objects: 10,
        script: { execute: succeed },
        manifest: {
          limits: {
            objectsPerRun: { default: 10, max: 10 },
            batch: { objects: 10, bytes: 3 * 'host0.example.com'.length },
          },
        },
      });
      await world.run();
      const sizes = world.runtime.invocations
        .filter(({ hook }) => hook === 'execute')
        .map(({ objects }) => objects);
      expect(sizes).toEqual([3, 3, 3, 1]);
    });

    it('parks a batch that a rate limit stopped, says waiting, and goes on', async () => {
      let refusals = 1;
      const world = await openWorld({
        objects: 5,
        script: {
          execute(objects) {
            if (refusals-- > 0) throw new Fault('RATE_LIMITED', 'Later.', { retryAfterMs: 700 });
            return succeed(objects);
          },
        },
      });
      const { runId } = await world.engine.submit(world.submission);
      await world.engine.start();
      let waits: unknown;
      for await (const { run } of world.engine.watch(runId!)) {
        if (run.status === 'waiting') waits = run.hold.waits;
        else expect(run.hold.waits).toBeUndefined();
      }
      expect(waits).toEqual({
        code: 'RATE_LIMITED',
        message: 'Later.',
        until: expect.stringMatching(/^\d{4}-.*Z$/),
      });
      const { summary } = await world.engine.run(runId!);
      expect(summary.counts.succeeded).toBe(5);
      expect(summary.waitedMs).toBeGreaterThanOrEqual(700);
    });

    it('parks the rest of a batch that goes one by one as well, which is no try', async () => {
      const met = new Set<string>();
      const world = await openWorld({
        objects: 5,
        manifest: {
          limits: { objectsPerRun: { default: 5, max: 5 }, batch: { objects: 5 }, concurrency: 1 },
        },
        script: {
          async executeOne({ id, value }) {
            const isNew = !met.has(value);
            met.add(value);
            const isLast = value === 'host4.example.com';
            if (isNew && isLast) {
              return { objectId: id, status: 'failed', retryable: true, code: 'BUSY', message: 'Busy.' };
            }
            if (isNew) throw new Fault('RATE_LIMITED', 'Later.', { retryAfterMs: 200 });
            return { objectId: id, status: 'succeeded' };
          },
        },
      });
      const { runId } = await world.engine.submit(world.submission);
      await world.engine.start();
      const waits = new Set<string | undefined>();
      for await (const { run } of world.engine.watch(runId!)) {
        if (run.status === 'waiting') waits.add(run.hold.waits?.code);
      }
      expect([...waits]).toEqual(['RATE_LIMITED']);
      const { summary } = await world.engine.run(runId!);
      expect(summary.counts).toMatchObject({ succeeded: 5, failed: 0 });
      expect(summary.waitedMs).toBeGreaterThanOrEqual(4 * 200);
    });

    it('offers an object again that failed for now, and settles the others at once', async () => {
      const tries = new Map<string, number>();
      const world = await openWorld({
        objects: 4,
        script: {
          execute: (objects: PluginObject[]) =>
            objects.map(({ id, value }) => {
              tries.set(value, (tries.get(value) ?? 0) + 1);
              const failNow = value === 'host2.example.com' && tries.get(value) === 1;
              return failNow
                ? { objectId: id, status: 'failed', retryable: true, code: 'BUSY', message: 'Busy.' }
                : { objectId: id, status: 'succeeded' };
            }),
        },
      });
      const run = await world.run();
      expect(run.summary.counts.succeeded).toBe(4);
      expect([...tries.values()].sort()).toEqual([1, 1, 1, 2]);
    });

    it('retries the failed objects of a run, and only those', async () => {
      let broken = true;
      const world = await openWorld({
        objects: 30,
        script: {
          execute: (objects: PluginObject[]) =>
            objects.map(({ id, value }) =>
              broken && /[37]\.example/.test(value)
                ? { objectId: id, status: 'failed', code: 'NOPE', message: 'No.' }
                : { objectId: id, status: 'succeeded' },
            ),
        },
      });
      const run = await world.run();
      expect(run).toMatchObject({ status: 'partial' });
      expect(run.summary.counts).toMatchObject({ succeeded: 24, failed: 6 });
      broken = false;
      const retried = await world.waitFor(await world.engine.retry(run.id));
      expect(retried.summary.counts).toMatchObject({ succeeded: 6, failed: 0, deferred: 0 });
      await expect(world.engine.retry(retried.id)).rejects.toMatchObject({ code: 'NOTHING_TO_RETRY' });
    });

    it('refuses what it cannot do, before anything is called', async () => {
      const world = await openWorld({
        objects: 5,
        script: { execute: succeed },
        manifest: { triggers: ['manual'] },
      });
      const { submission, engine } = world;
      await expect(engine.submit({ ...submission, trigger: 'api' })).rejects.toMatchObject({
        code: 'TRIGGER_NOT_ALLOWED',
      });
      await expect(engine.submit({ ...submission, objectsPerRun: 0 })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      await engine.submit(submission);
      await expect(engine.submit(submission)).rejects.toMatchObject({ code: 'RUN_IN_PROGRESS' });
      await expect(engine.submit({ ...submission, restart: true })).rejects.toMatchObject({
        code: 'RUN_IN_PROGRESS',
      });
      expect(world.runtime.invocations).toEqual([]);
    });

    it('says so when a collection holds nothing that the action accepts', async () => {
      const world = await openWorld({ script: { execute: succeed } });
      await expect(world.engine.submit(world.submission)).rejects.toMatchObject({ code: 'NOTHING_ACCEPTED' });
      await world.objects.upsert([{ type: 'identity', value: 'someone@example.com' }], {
        source: 'test',
        at: new Date(),
        collectionId: world.collection.id,
      });
      await expect(world.engine.submit(world.submission)).rejects.toThrow(/None of the 1 objects/);
    });

    it('lets one run at a time have an exclusive key', async () => {
      let inFlight = 0;
      let most = 0;
      const script: Script = {
        async execute(objects) {
          inFlight += 1;
          most = Math.max(most, inFlight);
          await new Promise((resolve) => setTimeout(resolve, 20));
          inFlight -= 1;
          return succeed(objects);
        },
      };
      const world = await openWorld({
        objects: 30,
        script,
        manifest: {
          limits: {
            objectsPerRun: { default: 30, max: 30 },
            batch: { objects: 10 },
            exclusiveBy: ['connection', '/list'],
          },
        },
      });
      const first = await world.engine.submit({ ...world.submission, config: { list: 'a', other: 1 } });
      const second = await world.engine.submit({ ...world.submission, config: { list: 'a', other: 2 } });
      await world.engine.start();
      const ended = [await world.waitFor(first.runId!), await world.waitFor(second.runId!)];
      expect(ended.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
      expect(most).toBe(1);
    });

    it('offers a step only what is new, or what has changed in what the plugin reads', async () => {
      const world = await openWorld({
        objects: 3,
        script: {
          execute: (objects: PluginObject[]) =>
            objects.map(({ id }) => ({
              objectId: id,
              status: 'succeeded',
              writeBack: { attributes: [{ name: 'Tag', value: 'seen' }] },
            })),
        },
        manifest: { inputMode: 'changed', reads: ['Tag', 'Score'] },
      });
      const step = { trigger: 'schedule', stepKey: 'step-1' } as const;
      expect((await world.run(step)).summary.counts.succeeded).toBe(3);
      const again = await world.engine.submit({ ...world.submission, ...step });
      expect(again.runId).toBeUndefined();
      await world.addObjects({ from: 10, count: 1 });
      await world.objects.upsert(
        [
          {
            type: 'indicator',
            subtype: 'FQDN',
            value: 'host1.example.com',
            attributes: [{ name: 'Score', value: 5 }],
          },
        ],
        { source: 'Analyst', at: new Date() },
      );
      await world.objects.upsert(
        [
          {
            type: 'indicator',
            subtype: 'FQDN',
            value: 'host2.example.com',
            attributes: [{ name: 'Note', value: 'x' }],
          },
        ],
        { source: 'Analyst', at: new Date() },
      );
      const changed = await world.run(step);
      const values = (await outcomesOf(world, changed)).map(({ value }) => value);
      expect(values).toEqual(['host1.example.com', 'host10.example.com']);
    });

    it('hands attributes of one name over from the oldest to the latest, whoever said them', async () => {
      let offered: PluginObject[] = [];
      const world = await openWorld({
        objects: 1,
        script: { execute: (objects: PluginObject[]) => succeed((offered = objects)) },
      });
      const say = (source: string, value: string, at: number) =>
        world.objects.upsert(
          [
            {
              type: 'indicator',
              subtype: 'FQDN',
              value: 'host0.example.com',
              attributes: [{ name: 'State', value }],
            },
          ],
          { source, at: new Date(at) },
        );
      await say('Beta', 'open', 2_000);
      await say('Alpha', 'closed', 3_000);
      await say('Gamma', 'new', 1_000);
      await world.run();
      const values = offered[0]!.attributes.filter(({ name }) => name === 'State').map(({ value }) => value);
      expect(values).toEqual(['new', 'open', 'closed']);
    });

    it('counts what write-back changed, and keeps the attribute with its source and run', async () => {
      const world = await openWorld({
        objects: 4,
        script: {
          execute: (objects: PluginObject[]) =>
            objects.map(({ id }, at) => ({
              objectId: id,
              status: 'succeeded',
              ...(at % 2 === 0
                ? { writeBack: { attributes: [{ name: 'Tag', value: `t${at}` }], status: 'Reviewed' } }
                : {}),
            })),
        },
      });
      const run = await world.run();
      expect(run.summary).toMatchObject({ objectsRead: 4, objectsWritten: 2, attributesWritten: 2 });
      const page = await world.objects.list({ collectionId: world.collection.id });
      expect(page.data[0]).toMatchObject({
        status: 'Reviewed',
        attributes: [{ name: 'Tag', value: 't0', source: 'Acme', runId: run.id }],
      });
    });

    it('takes a whole collection page by page, or refuses it before any call', async () => {
      const pages: number[] = [];
      const world = await openWorld({
        objects: 2_300,
        manifest: {
          limits: {
            objectsPerRun: { default: 1_000, max: 5_000 },
            batch: { objects: 1_000 },
            scope: 'whole',
          },
        },
        script: {
          async executeAll(offered, { options }) {
            const ids: string[] = [];
            for await (const page of offered) {
              pages.push(page.length);
              ids.push(...page.map(({ id }) => id));
            }
            const answers = ids.slice(2).map((objectId) => ({ objectId, status: 'succeeded' }));
            await options.onOutcomes!(answers.slice(0, 1_500));
            await options.onOutcomes!([...answers.slice(1_500), answers[0]]);
          },
        },
      });
      await expect(world.engine.submit(world.submission)).rejects.toMatchObject({
        code: 'CAP_BELOW_COLLECTION',
      });
      expect(world.runtime.invocations).toEqual([]);
      const run = await world.run({ objectsPerRun: 5_000 });
      expect(pages).toEqual([1_000, 1_000, 300]);
      expect(run.status).toBe('partial');
      expect(run.summary.counts).toMatchObject({ succeeded: 2_297, failed: 3 });
    });

    it('lets a late result of a lost lease change nothing, and keeps it as evidence', async () => {
      let release!: () => void;
      const stuck = new Promise<void>((resolve) => {
        release = resolve;
      });
      let executed = 0;
      const world = await openWorld({
        objects: 5,
        engine: { leaseMs: 600_000 },
        script: {
          async execute(objects, call) {
            executed += 1;
            // It looks for work once a second, and may come to its own batch before its successor does.
            if (executed > 1) return succeed(objects);
            await stuck;
            await expect(call.write()).rejects.toMatchObject({ code: 'LEASE_LOST' });
            return succeed(objects);
          },
        },
      });
      const { runId } = await world.engine.submit(world.submission);
      await world.engine.start();
      while (world.runtime.invocations.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      const successor = world.another({ execute: succeed }, { isDead: () => true });
      await successor.engine.start();
      const run = await world.waitFor(runId!);
      expect(run.summary.counts.succeeded).toBe(5);
      await database.kysely.updateTable('tasks').set({ lease_owner: 'nobody' }).execute();
      release();
      await world.engine.stop();
      const late = await database.kysely
        .selectFrom('journal')
        .selectAll()
        .where('kind', '=', 'late')
        .execute();
      expect(late).toHaveLength(1);
      expect((await world.engine.run(runId!)).summary.counts.succeeded).toBe(5);
      expect(await outcomesOf(world, run)).toHaveLength(5);
    });

    it('defers what a cancel left, and the next run takes it', async () => {
      const world = await openWorld({
        objects: 50,
        manifest: { limits: { objectsPerRun: { default: 50, max: 50 }, batch: { objects: 10 } } },
      });
      const { runId } = await world.engine.submit(world.submission);
      let batches = 0;
      world.runtime.script = {
        async execute(objects) {
          batches += 1;
          if (batches === 2) await world.engine.cancel(runId!);
          return succeed(objects);
        },
      };
      await world.engine.start();
      const cancelled = await world.waitFor(runId!);
      expect(cancelled.status).toBe('cancelled');
      expect(cancelled.summary.counts).toMatchObject({ succeeded: 20, deferred: 30 });
      const rest = await world.run();
      expect(rest.summary.counts).toMatchObject({ succeeded: 30, deferred: 0 });
      await expect(world.engine.cancel(runId!)).rejects.toMatchObject({ code: 'RUN_ENDED' });
    });

    it('balances its books for any size, cap, batch limit, cancel point and misbehaviour, and every pass ends', async () => {
      let scenario = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            size: fc.integer({ min: 1, max: 23 }),
            cap: fc.integer({ min: 1, max: 25 }),
            batch: fc.integer({ min: 1, max: 8 }),
            concurrency: fc.integer({ min: 1, max: 3 }),
            cancelAt: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
            crime: fc.constantFrom('none', 'drop', 'double', 'reorder', 'invent', 'throw', 'garbage'),
          }),
          async ({ size, cap, batch, concurrency, cancelAt, crime }) => {
            const own = await open();
            const world = await openEngineWorld(own, {
              objects: size,
              manifest: {
                limits: {
                  objectsPerRun: { default: cap, max: 1_000 },
                  batch: { objects: batch },
                  concurrency,
                },
              },
            });
            try {
              scenario += 1;
              await runToTheEnd(world, { size, crime, cancelAt });
              expect(world.errors).toEqual([]);
            } finally {
              await world.close();
              await own.close();
            }
          },
        ),
        { numRuns: 25, seed: 20_260_101 },
      );
      expect(scenario).toBeGreaterThanOrEqual(25);
    }, 120_000);
  });
}

async function runToTheEnd(
  world: EngineWorld,
  { size, crime, cancelAt }: { size: number; crime: string; cancelAt: number | undefined },
): Promise<void> {
  let batches = 0;
  let runId: Run['id'] | undefined;
  world.runtime.script = {
    async execute(objects) {
      batches += 1;
      if (batches === cancelAt) await world.engine.cancel(runId!).catch(() => undefined);
      return misbehave(succeed(objects), crime);
    },
  };
  const total: Record<string, number> = {};
  for (let runs = 0; ; runs += 1) {
    expect(runs).toBeLessThanOrEqual(size + 1);
    const submitted = await world.engine.submit(world.submission);
    runId = submitted.runId;
    const offered = submitted.pass.remaining;
    await world.engine.start();
    const run = await world.waitFor(runId!);
    const { counts } = run.summary;
    const rows = await outcomesOf(world, run);
    expect(rows).toHaveLength(settledCount(counts));
    expect(new Set(rows.map(({ objectId }) => objectId)).size).toBe(rows.length);
    expect(settledCount(counts) + counts.deferred).toBe(offered);
    for (const { status } of rows) total[status] = (total[status] ?? 0) + 1;
    if (counts.deferred === 0) break;
  }
  expect(Object.values(total).reduce((sum, n) => sum + n, 0)).toBe(size);
  if (crime === 'none' || crime === 'reorder' || crime === 'invent')
    expect(total).toEqual({ succeeded: size });
  if (crime === 'throw' || crime === 'garbage') expect(total).toEqual({ failed: size });
}

function misbehave(answers: { objectId: string; status: string }[], crime: string): unknown {
  switch (crime) {
    case 'drop':
      return answers.slice(1);
    case 'double':
      return [...answers, answers[0]];
    case 'reorder':
      return answers.toReversed();
    case 'invent':
      return [...answers, { objectId: 'obj_nobody', status: 'succeeded' }];
    case 'throw':
      throw new Fault('VENDOR_REFUSED', 'No.');
    case 'garbage':
      return 'done';
    default:
      return answers;
  }
}
