import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredOutcome } from '@drover/engine';
import { Fault, type PluginManifest, type PluginObject, type Run, settledCount } from '@drover/model';
import type { Database } from '@drover/store';
import { type EngineWorld, type WorldOptions, openEngineWorld } from './engine-world.js';
import type { Script, ScriptCall } from './scripted-runtime.js';

const CALLS: PluginManifest['calls'] = (['setTag', 'deploy'] as const).map((name) => ({
  name,
  method: 'POST',
  path: `/v1/${name}`,
  purpose: 'changing things',
  effect: 'write',
  delivery: 'repeatable',
  ...(name === 'deploy' ? { blastRadius: 'Deploys what everybody left pending.' } : {}),
}));
const LIMITS = { objectsPerRun: { default: 100, max: 1_000 }, batch: { objects: 10 }, firstBatchAlone: true };

/** A vendor that holds what was sent to it, and the action that sends a batch in one write: replace first, append then. */
class Tenant {
  held: string[] = [];
  deploys = 0;
  writes = 0;
  /** What goes into every body beside the objects. */
  extra: () => object = () => ({});

  readonly script: Script = {
    prepare: () => ({ list: 7 }),
    execute: async (objects, { isFirstOfPass, write }) => {
      const values = objects.map(({ value }) => value);
      const mode = isFirstOfPass ? 'replace' : 'append';
      await write({ call: 'setTag', body: { mode, values, ...this.extra() } });
      this.writes += 1;
      this.held = isFirstOfPass ? values : [...this.held, ...values];
      return objects.map((object) => this.landed(object));
    },
    finish: async ({ invocation, write }) => {
      if (invocation.vendorWrites === 0 || invocation.counts.succeeded === 0) return;
      await write({ call: 'deploy' });
      this.writes += 1;
      this.deploys += 1;
    },
  };

  landed({ id }: PluginObject): object {
    const writeBack = { attributes: [{ name: 'Tag', value: 'set' }] };
    return { objectId: id, status: 'succeeded', writeBack };
  }
}

/** The script of `executeOne`: each object by itself, and a fault of one is its own outcome. */
function eachObject(one: (object: PluginObject, call: ScriptCall) => Promise<object>): Script {
  return {
    execute: (objects, call) =>
      Promise.all(
        objects.map((object) =>
          one(object, call).catch(({ code, message }: Fault) => ({
            objectId: object.id,
            status: 'failed',
            code,
            message,
          })),
        ),
      ),
  };
}

/** How plans behave over a store: the same on every one. `open` gives a fresh, migrated database that is closed for us. */
export function describePlanBehaviour(open: () => Promise<Database>): void {
  let database: Database;
  let worlds: EngineWorld[] = [];

  beforeEach(async () => {
    database = await open();
  });

  afterEach(async () => {
    for (const world of worlds) await world.close();
    worlds = [];
  });

  async function openWorld({ manifest, ...options }: WorldOptions): Promise<EngineWorld> {
    const world = await openEngineWorld(database, {
      ...options,
      manifest: { calls: CALLS, limits: LIMITS, ...manifest },
    });
    worlds.push(world);
    return world;
  }

  async function apply(world: EngineWorld, plan: Run): Promise<Run> {
    return world.waitFor(await world.engine.applyPlan(plan.id));
  }

  async function outcomesOf(world: EngineWorld, run: Run): Promise<StoredOutcome[]> {
    return (await world.engine.outcomes(run.id, { limit: 1_000 })).data;
  }

  async function codesOf(world: EngineWorld, run: Run): Promise<string[]> {
    const outcomes = await outcomesOf(world, run);
    return outcomes.map(({ value, status, code }) => `${value.split('.')[0]} ${status} ${code ?? ''}`.trim());
  }

  async function change(world: EngineWorld, value: string): Promise<void> {
    await world.objects.upsert(
      [
        {
          type: 'indicator',
          subtype: 'FQDN',
          value,
          attributes: [{ name: 'Score', value: 9 }],
        },
      ],
      { source: 'Somebody', at: new Date() },
    );
  }

  /** All that a run could change, as text. */
  async function everything(): Promise<string> {
    const { kysely } = database;
    const tables = [
      'passes',
      'pass_ranges',
      'pass_items',
      'handled',
      'attributes',
      'objects',
      'leases',
    ] as const;
    const rows = [];
    for (const table of tables) {
      const all = await kysely.selectFrom(table).selectAll().execute();
      rows.push(all.filter((row) => !('name' in row && row.name === 'executor')));
    }
    return JSON.stringify(rows);
  }

  describe('a plan', () => {
    it('shows the requests of batches and finish, and changes nothing', async () => {
      const tenant = new Tenant();
      const world = await openWorld({ objects: 25, script: tenant.script });
      await world.run({ objectsPerRun: 5 });
      const before = [await everything(), tenant.writes];
      const plan = await world.run({ plan: true });
      expect([await everything(), tenant.writes]).toEqual(before);
      expect(plan).toMatchObject({ mode: 'plan', status: 'succeeded' });
      expect(plan.summary).toMatchObject({ objects: 20, remaining: 0, attributesWritten: 0 });
      expect(plan.summary.counts).toMatchObject({ skipped: 20, succeeded: 0, deferred: 0 });
      expect((await outcomesOf(world, plan)).every(({ code }) => code === 'PLANNED')).toBe(true);
      const { data } = await world.ledger.plannedRequests(plan.id, {});
      expect(data.map(({ hook, call, objects }) => [hook, call, objects])).toEqual([
        ['execute', 'setTag', 10],
        ['execute', 'setTag', 10],
        ['finish', 'deploy', 0],
      ]);
      expect(JSON.parse(data[0]!.body!.text)).toMatchObject({ mode: 'append' });
      expect(await world.ledger.plannedCalls(plan.id)).toEqual([
        { hook: 'execute', call: 'setTag', effect: 'write', method: 'POST', requests: 2, objects: 20 },
        {
          hook: 'finish',
          call: 'deploy',
          effect: 'write',
          method: 'POST',
          blastRadius: 'Deploys what everybody left pending.',
          requests: 1,
          objects: 0,
        },
      ]);
    });

    it('shows what outcomes without a write would set, page by page, and stores none of it', async () => {
      const tenant = new Tenant();
      const landed = (object: PluginObject) => ({
        ...tenant.landed(object),
        writeBack: { attributes: [{ name: 'Tag', value: `of ${object.value}` }], status: 'Reviewed' },
      });
      const script: Script = { execute: async (objects) => objects.map(landed) };
      const world = await openWorld({ objects: 12, script });
      const plan = await world.run({ plan: true });
      expect(plan.summary).toMatchObject({
        counts: { succeeded: 12 },
        objectsWritten: 0,
        attributesWritten: 0,
      });
      expect(await world.ledger.plannedSets(plan.id)).toEqual([
        { name: 'Tag', mode: 'replace', objects: 12 },
        { name: 'status', mode: 'status', objects: 12 },
      ]);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await world.ledger.plannedWriteBacks(plan.id, { limit: 7, cursor });
        expect(page.data.length).toBeLessThanOrEqual(7);
        for (const { value, name, to } of page.data) {
          expect(to).toBe(name === 'Tag' ? `of ${value}` : 'Reviewed');
          seen.push(`${name} ${value}`);
        }
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(new Set(seen).size).toBe(24);
      const { attributes } = (await world.objects.list({ limit: 1 })).data[0]!;
      expect(attributes).toEqual([]);
      await expect(world.ledger.plannedWriteBacks(plan.id, { cursor: '7' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    });

    it('shows a replace for the first batch that plans a write only', async () => {
      const tenant = new Tenant();
      const { execute } = tenant.script;
      const world = await openWorld({
        objects: 30,
        script: {
          ...tenant.script,
          execute: (objects, call) =>
            call.index === 0
              ? objects.map(({ id }) => ({ objectId: id, status: 'rejected', code: 'BAD', message: 'Bad.' }))
              : execute!(objects, call),
        },
      });
      const plan = await world.run({ plan: true });
      const { data } = await world.ledger.plannedRequests(plan.id, {});
      const modes = data.slice(0, 2).map(({ body }) => (JSON.parse(body!.text) as { mode: string }).mode);
      expect(modes).toEqual(['replace', 'append']);
      expect(plan.summary.counts).toMatchObject({ rejected: 10, skipped: 20 });
    });

    it('keeps what is answered without a write, and balances its books', async () => {
      const world = await openWorld({
        objects: 6,
        script: eachObject(async (object, { write }) => {
          if (object.value.startsWith('host1')) throw new Fault('LIST_FULL', 'Full.');
          if (object.value.startsWith('host2')) {
            return { objectId: object.id, status: 'unchanged', code: 'SAME', message: 'As it was.' };
          }
          await write({ covers: [object.id], body: { value: object.value } });
          return { objectId: object.id, status: 'succeeded' };
        }),
      });
      const plan = await world.run({ plan: true });
      expect(await codesOf(world, plan)).toEqual([
        'host0 skipped PLANNED',
        'host1 failed LIST_FULL',
        'host2 unchanged SAME',
        'host3 skipped PLANNED',
        'host4 skipped PLANNED',
        'host5 skipped PLANNED',
      ]);
      expect(settledCount(plan.summary.counts)).toBe(6);
      const { data } = await world.ledger.plannedRequests(plan.id, {});
      expect(data.map(({ positions }) => positions)).toEqual([[0], [3], [4], [5]]);
    });

    it('goes on where a rate limit held up its reads', async () => {
      const offered: number[] = [];
      const world = await openWorld({
        objects: 6,
        script: {
          async execute(objects, { write, options }) {
            offered.push(objects.length);
            const answers: object[] = [];
            for (const { id } of objects.slice(0, 2)) {
              await write({ covers: [id], body: id }).catch(({ code, message }: Fault) =>
                answers.push({ objectId: id, status: 'failed', code, message }),
              );
            }
            await options.onOutcomes!(answers);
            if (objects.length === 2) return answers;
            throw new Fault('RATE_LIMITED', 'Wait.', { retryAfterMs: 5 });
          },
        },
      });
      const plan = await world.run({ plan: true });
      expect(offered).toEqual([6, 4, 2]);
      expect(plan.summary.counts).toMatchObject({ skipped: 6, failed: 0, deferred: 0 });
      expect((await world.ledger.plannedRequests(plan.id, {})).data).toHaveLength(6);
    });

    it('sends nothing for a plugin that goes on after the stop, and believes it nothing', async () => {
      let sent = 0;
      const world = await openWorld({
        objects: 4,
        script: {
          async execute(objects, { write }) {
            for (const body of [1, 2]) {
              await write({ covers: [objects[0]!.id, objects[1]!.id], body }).then(
                () => (sent += 1),
                () => undefined,
              );
            }
            await write();
            return objects.map(({ id }) => ({ objectId: id, status: 'succeeded' }));
          },
        },
      });
      const plan = await world.run({ plan: true });
      expect(sent).toBe(0);
      expect(await codesOf(world, plan)).toEqual([
        'host0 skipped PLANNED',
        'host1 skipped PLANNED',
        'host2 skipped PLAN_NOT_COMPUTED',
        'host3 skipped PLAN_NOT_COMPUTED',
      ]);
      expect((await world.ledger.plannedRequests(plan.id, {})).data).toHaveLength(1);
    });

    it('ends at a write of prepare, and cannot be applied then', async () => {
      const world = await openWorld({
        objects: 15,
        script: {
          prepare: ({ write }) => write(),
          execute: () => Promise.reject(new Error('not to be called')),
        },
      });
      const plan = await world.run({ plan: true });
      expect(plan.summary.counts).toMatchObject({ skipped: 15, failed: 0 });
      expect((await world.ledger.plannedCalls(plan.id)).map(({ hook }) => hook)).toEqual(['prepare']);
      await expect(world.engine.applyPlan(plan.id)).rejects.toMatchObject({ code: 'PLAN_INCOMPLETE' });
    });

    it('takes a collection whole as one request', async () => {
      const world = await openWorld({
        objects: 12,
        manifest: { limits: { ...LIMITS, scope: 'whole' } },
        script: {
          async executeAll(pages, { write, options }) {
            const values = [];
            for await (const page of pages) {
              const [bad, ...good] = page;
              await options.onOutcomes!([
                { objectId: bad!.id, status: 'rejected', code: 'BAD', message: 'Bad.' },
              ]);
              values.push(...good);
            }
            await write({ body: values.map(({ value }) => value) });
            await options.onOutcomes!(values.map(({ id }) => ({ objectId: id, status: 'succeeded' })));
          },
        },
      });
      const plan = await world.run({ plan: true });
      expect(plan.summary.counts).toMatchObject({ rejected: 1, skipped: 11 });
      const calls = await world.ledger.plannedCalls(plan.id);
      expect(calls).toMatchObject([{ hook: 'execute', requests: 1, objects: 11 }]);
      const applied = await apply(world, plan);
      expect(applied.summary.counts).toMatchObject({ rejected: 1, succeeded: 11 });
    });

    it('opens a pass of its own where none is open: the next run offers what is there then', async () => {
      const tenant = new Tenant();
      const world = await openWorld({ objects: 5, script: tenant.script });
      const plan = await world.run({ plan: true });
      await world.addObjects({ from: 50, count: 5 });
      const run = await world.run();
      expect(run.summary.counts.succeeded).toBe(10);
      await expect(world.engine.applyPlan(plan.id)).rejects.toMatchObject({ code: 'PLAN_STALE' });
    });

    it('marks nothing as handled for its step', async () => {
      const tenant = new Tenant();
      const world = await openWorld({ objects: 5, script: tenant.script });
      const step = { trigger: 'schedule', stepKey: 'step-1' } as const;
      await world.run({ ...step, plan: true });
      expect((await world.run(step)).summary.counts.succeeded).toBe(5);
    });

    it('is refused together with a restart, and is nothing to retry', async () => {
      const world = await openWorld({ objects: 5, script: new Tenant().script });
      await expect(
        world.engine.submit({ ...world.submission, plan: true, restart: true }),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      const plan = await world.run({ plan: true });
      await expect(world.engine.retry(plan.id)).rejects.toMatchObject({ code: 'NOTHING_TO_RETRY' });
    });

    it('is the only run that can be applied', async () => {
      const world = await openWorld({ objects: 5, script: new Tenant().script });
      const run = await world.run();
      await expect(world.engine.applyPlan(run.id)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('that was cancelled cannot be applied', async () => {
      const world = await openWorld({ objects: 5, script: new Tenant().script });
      const { runId } = await world.engine.submit({ ...world.submission, plan: true });
      await expect(world.engine.applyPlan(runId!)).rejects.toMatchObject({ code: 'PLAN_INCOMPLETE' });
      await world.engine.cancel(runId!);
      await world.engine.start();
      await world.waitFor(runId!);
      await expect(world.engine.applyPlan(runId!)).rejects.toMatchObject({ code: 'PLAN_INCOMPLETE' });
    });
  });

  describe('applying a plan', () => {
    it('comes to what a direct run comes to, whoever executes it', async () => {
      const tenant = new Tenant();
      const world = await openWorld({ objects: 25, script: tenant.script });
      const plan = await world.run({ plan: true, objectsPerRun: 22 });
      await world.engine.stop();
      const successor = world.another(tenant.script, { isDead: () => true });
      await successor.engine.start();
      const applied = await apply(world, plan);
      expect(applied).toMatchObject({ mode: 'apply', planId: plan.id, status: 'succeeded' });
      expect(applied.summary).toMatchObject({ attributesWritten: 22, remaining: 3 });
      expect(applied.summary.counts).toMatchObject({ succeeded: 22, deferred: 3 });
      expect(tenant.held).toEqual(Array.from({ length: 22 }, (_, n) => `host${n}.example.com`));
      expect(tenant.deploys).toBe(1);
      await expect(world.engine.applyPlan(plan.id)).rejects.toMatchObject({ code: 'PLAN_STALE' });
      const { runId } = await world.engine.submit(world.submission);
      expect((await world.waitFor(runId!)).summary.counts).toMatchObject({ succeeded: 3, deferred: 0 });
      expect(tenant.held).toHaveLength(25);
    });

    it('cuts the batches as the plan did, by bytes too', async () => {
      const sizes: number[] = [];
      const tenant = new Tenant();
      const { execute } = tenant.script;
      const world = await openWorld({
        objects: 20,
        manifest: { limits: { ...LIMITS, batch: { objects: 10, bytes: 70 } } },
        script: {
          ...tenant.script,
          execute(objects, call) {
            sizes.push(objects.length);
            return execute!(objects, call);
          },
        },
      });
      const plan = await world.run({ plan: true });
      const planned = sizes.splice(0);
      expect(planned.length).toBeGreaterThan(2);
      expect((await apply(world, plan)).summary.counts.succeeded).toBe(20);
      expect(sizes).toEqual(planned);
    });

    it('does not send a changed object: by itself, or with the batch whose request it changes', async () => {
      const script = eachObject(async (object, { write }) => {
        await write({ covers: [object.id], body: { value: object.value } });
        return { objectId: object.id, status: 'succeeded' };
      });
      const world = await openWorld({ objects: 3, script });
      const plan = await world.run({ plan: true });
      await change(world, 'host1.example.com');
      const applied = await apply(world, plan);
      expect(await codesOf(world, applied)).toEqual([
        'host0 succeeded',
        'host1 failed PLAN_DRIFT',
        'host2 succeeded',
      ]);
      expect(applied.status).toBe('partial');

      const tenant = new Tenant();
      world.runtime.script = tenant.script;
      const second = await world.run({ plan: true });
      await change(world, 'host2.example.com');
      const batch = await apply(world, second);
      expect(tenant.writes).toBe(0);
      expect(new Set(await codesOf(world, batch))).toEqual(
        new Set(['host0 failed PLAN_DRIFT', 'host1 failed PLAN_DRIFT', 'host2 failed PLAN_DRIFT']),
      );
    });

    it('does not send a first write that is not the planned one, also for a plugin that catches that', async () => {
      const tenant = new Tenant();
      const world = await openWorld({ objects: 15, script: tenant.script });
      const plan = await world.run({ plan: true });
      tenant.extra = () => ({ changed: true });
      const { execute } = tenant.script;
      world.runtime.script = {
        ...tenant.script,
        async execute(objects, call) {
          const answer = () => objects.map((object) => tenant.landed(object));
          try {
            return await execute!(objects, call);
          } catch {
            return call.write({ covers: [objects[0]!.id] }).then(answer, answer);
          }
        },
      };
      const applied = await apply(world, plan);
      expect(tenant.writes).toBe(0);
      expect(applied.status).toBe('failed');
      const outcomes = await outcomesOf(world, applied);
      expect(outcomes.map(({ status, code }) => `${status} ${code}`)).toEqual(
        Array(15).fill('failed PLAN_DRIFT'),
      );
    });

    it('does not send a write where the plan showed none', async () => {
      let writes = false;
      const sent: string[] = [];
      const world = await openWorld({
        objects: 2,
        script: eachObject(async (object, { write }) => {
          if (object.value.startsWith('host0') && !writes) {
            return { objectId: object.id, status: 'unchanged', code: 'SAME', message: 'As it was.' };
          }
          await write({ covers: [object.id] });
          sent.push(object.value);
          return { objectId: object.id, status: 'succeeded' };
        }),
      });
      const plan = await world.run({ plan: true });
      writes = true;
      const applied = await apply(world, plan);
      expect(await codesOf(world, applied)).toEqual(['host0 failed PLAN_DRIFT', 'host1 succeeded']);
      expect(sent).toEqual(['host1.example.com']);
    });

    it('lets what follows a planned write through', async () => {
      const bodies: unknown[] = [];
      const world = await openWorld({
        objects: 4,
        script: {
          async execute(objects, { write }) {
            const [first, ...others] = objects.map(({ id }) => id);
            for (const covers of [[first!], [first!], others]) {
              await write({ covers, body: covers.length });
              bodies.push(covers.length);
            }
            return objects.map(({ id }) => ({ objectId: id, status: 'succeeded' }));
          },
        },
      });
      const plan = await world.run({ plan: true });
      expect(plan.summary.counts.skipped).toBe(4);
      expect((await apply(world, plan)).summary.counts.succeeded).toBe(4);
      expect(bodies).toEqual([1, 1, 3]);
    });

    it('does not mind what the manifest calls volatile', async () => {
      const tenant = new Tenant();
      let at = 0;
      tenant.extra = () => ({ meta: { at: (at += 1) } });
      const world = await openWorld({
        objects: 5,
        script: tenant.script,
        manifest: { volatile: ['/meta/at', '/notThere/0'] },
      });
      const plan = await world.run({ plan: true });
      expect((await apply(world, plan)).summary.counts.succeeded).toBe(5);
    });

    it('ends partial when finish wants to write something else', async () => {
      const tenant = new Tenant();
      const world = await openWorld({ objects: 5, script: tenant.script });
      const plan = await world.run({ plan: true });
      world.runtime.script = { ...tenant.script, finish: ({ write }) => write({ call: 'deploy', body: 1 }) };
      const applied = await apply(world, plan);
      expect(applied).toMatchObject({ status: 'partial', fault: { code: 'PLAN_DRIFT' } });
      expect(tenant.deploys).toBe(0);
    });

    it('is refused when a run took the positions, and while one is at it', async () => {
      const tenant = new Tenant();
      const world = await openWorld({ objects: 25, script: tenant.script });
      await world.run({ objectsPerRun: 5 });
      const plan = await world.run({ plan: true, objectsPerRun: 10 });
      const { runId } = await world.engine.submit({ ...world.submission, objectsPerRun: 5 });
      const applying = world.engine.applyPlan(plan.id);
      await expect(applying).rejects.toMatchObject({
        code: expect.stringMatching(/RUN_IN_PROGRESS|PLAN_STALE/),
      });
      await world.waitFor(runId!);
      await expect(world.engine.applyPlan(plan.id)).rejects.toMatchObject({ code: 'PLAN_STALE' });
    });

    it('goes on after its process died', async () => {
      const tenant = new Tenant();
      const world = await openWorld({ objects: 25, script: tenant.script, engine: { leaseMs: 600_000 } });
      const plan = await world.run({ plan: true });
      const { execute } = tenant.script;
      const reached = Promise.withResolvers<void>();
      world.runtime.script = {
        ...tenant.script,
        async execute(objects, call) {
          const answer = await execute!(objects, call);
          if (call.index !== 1) return answer;
          // The write of the second batch landed and nobody hears of it.
          reached.resolve();
          await new Promise((_, reject) =>
            call.options.signal.addEventListener('abort', () => reject(new Fault('CANCELLED', 'Cut off.'))),
          );
        },
      };
      const runId = await world.engine.applyPlan(plan.id);
      await reached.promise;
      const successor = world.another(tenant.script, { isDead: () => true });
      await successor.engine.start();
      const applied = await world.waitFor(runId);
      expect(applied.summary.counts).toMatchObject({ succeeded: 25, failed: 0 });
      expect(new Set(tenant.held).size).toBe(25);
      await world.engine.abort();
    });
  });
}
