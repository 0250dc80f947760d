import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Fault, type PluginObject, type Run } from '@drover/model';
import { type Database, KyselyQuarantine } from '@drover/store';
import { type EngineWorld, type WorldOptions, openEngineWorld } from './engine-world.js';
import { ONCE_MANIFEST } from './once-vendor.js';
import type { Script } from './scripted-runtime.js';

const WHOLE_BATCH = { objectsPerRun: { default: 100, max: 100 }, batch: { objects: 16 }, concurrency: 2 };

function succeed(objects: readonly PluginObject[]) {
  return objects.map(({ id }) => ({ objectId: id, status: 'succeeded' }));
}

/** A plugin whose process ends over these objects, and the sizes of the batches that it had to itself. */
function dyingOver(values: () => readonly string[], alone: number[] = []): Script {
  return {
    async execute(objects, { options, figures, write }) {
      if (options.ownProcess === true) alone.push(objects.length);
      await write();
      const killer = objects.find(({ value }) => values().includes(value));
      if (killer === undefined) return succeed(objects);
      figures.log.push({ level: 'info', message: `looking at ${killer.value}` });
      throw new Fault('PLUGIN_CRASHED', 'The plugin process ended: exit code 7.');
    },
  };
}

/** What becomes of objects that end their plugin's process, over any store. `open` gives a fresh, migrated database. */
export function describeQuarantineBehaviour(open: () => Promise<Database>): void {
  describe('objects that end their plugin’s process', () => {
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
      const world = await openEngineWorld(database, {
        manifest: { limits: WHOLE_BATCH },
        objects: 16,
        ...options,
      });
      worlds.push(world);
      return world;
    }

    async function troubleOf(world: EngineWorld, run: Run) {
      const { data } = await world.engine.outcomes(run.id, { limit: 1_000 });
      expect(data).toHaveLength(run.summary.objects);
      return data
        .filter(({ status }) => status !== 'succeeded')
        .map(({ value, status, code }) => [value, status, code]);
    }

    it('are found by halving their batch; the rest goes on', async () => {
      const alone: number[] = [];
      const world = await openWorld({ script: dyingOver(() => ['host5.example.com'], alone) });
      const run = await world.run();
      expect(run).toMatchObject({ status: 'partial', summary: { counts: { succeeded: 15, failed: 1 } } });
      expect(await troubleOf(world, run)).toEqual([['host5.example.com', 'failed', 'OBJECT_QUARANTINED']]);
      expect(alone.toSorted((left, right) => right - left)).toEqual([16, 8, 8, 4, 4, 2, 2, 1, 1]);

      const { data } = await new KyselyQuarantine(database).list({});
      expect(data).toEqual([
        expect.objectContaining({
          pluginId: world.submission.plugin.pluginId,
          version: world.submission.plugin.version,
          object: expect.objectContaining({ value: 'host5.example.com', subtype: 'FQDN' }),
          runId: run.id,
          fault: expect.objectContaining({ code: 'PLUGIN_CRASHED' }),
          attempts: 7,
          log: [{ level: 'info', message: 'looking at host5.example.com' }],
        }),
      ]);
    });

    it('are skipped by later passes until they are redriven', async () => {
      let killers = ['host5.example.com', 'host6.example.com'];
      const world = await openWorld({ script: dyingOver(() => killers) });
      await world.run();
      const before = world.runtime.invocations.length;
      const again = await world.run();
      expect(again).toMatchObject({
        status: 'succeeded',
        summary: { counts: { succeeded: 14, skipped: 2 } },
      });
      expect(await troubleOf(world, again)).toEqual(
        killers.map((value) => [value, 'skipped', 'QUARANTINED']),
      );
      const executed = world.runtime.invocations.slice(before).filter(({ hook }) => hook === 'execute');
      expect(executed).toEqual([expect.objectContaining({ objects: 14 })]);

      killers = [];
      const quarantine = new KyselyQuarantine(database);
      const found = await quarantine.find('host6.example.com');
      expect(await quarantine.redrive([found!.id])).toBe(1);
      expect(await quarantine.redrive([found!.id])).toBe(0);
      expect(await troubleOf(world, await world.run())).toEqual([
        ['host5.example.com', 'skipped', 'QUARANTINED'],
      ]);
    });

    it('are tried again when they have changed', async () => {
      let killers = ['host5.example.com'];
      const world = await openWorld({ script: dyingOver(() => killers) });
      await world.run();
      killers = [];
      const draft = { type: 'indicator', subtype: 'FQDN', value: 'host5.example.com' };
      await world.objects.upsert([{ ...draft, attributes: [{ name: 'Note', value: 'new' }] }], {
        source: 'Analyst',
        at: new Date(),
      });
      expect((await world.run()).summary.counts).toMatchObject({ succeeded: 16, skipped: 0 });
    });

    it('do not make others of their process suspects: who comes through alone has succeeded', async () => {
      let shared = 0;
      const world = await openWorld({
        script: {
          execute(objects, { options }) {
            if (options.ownProcess === true) return succeed(objects);
            shared += 1;
            throw new Fault('PLUGIN_CRASHED', 'The plugin process ended: another hook.');
          },
        },
      });
      const run = await world.run();
      expect(run).toMatchObject({ status: 'succeeded', summary: { counts: { succeeded: 16 } } });
      expect(shared).toBe(2);
      expect((await new KyselyQuarantine(database).list({})).data).toEqual([]);
    });

    it('are at most ten a run: a plugin that ends over everything is broken itself', async () => {
      const world = await openWorld({
        script: {
          execute() {
            throw new Fault('PLUGIN_CRASHED', 'The plugin process ended: exit code 7.');
          },
        },
      });
      const run = await world.run();
      const codes = (await troubleOf(world, run)).map(([, , code]) => code);
      const quarantined = codes.filter((code) => code === 'OBJECT_QUARANTINED').length;
      expect(quarantined).toBeGreaterThanOrEqual(10);
      expect(quarantined).toBeLessThanOrEqual(12);
      expect(codes.filter((code) => code === 'PLUGIN_CRASHED')).toHaveLength(16 - quarantined);
    });

    it('clear a vendor’s list once, however the first batch is taken apart', async () => {
      const firsts: boolean[] = [];
      const script = dyingOver(() => ['host5.example.com']);
      const world = await openWorld({
        manifest: { limits: { ...WHOLE_BATCH, firstBatchAlone: true } },
        script: {
          async execute(objects, call) {
            const answer = await script.execute!(objects, call);
            firsts.push(call.isFirstOfPass);
            return answer;
          },
        },
      });
      await world.run();
      expect(firsts.filter((isFirst) => isFirst)).toHaveLength(1);
    });

    it('are never sent twice where a call must not be repeated', async () => {
      const sent: string[] = [];
      const crash = () => new Fault('PLUGIN_CRASHED', 'The plugin process ended: exit code 7.');
      const limits = { ...ONCE_MANIFEST.limits!, batch: { objects: 16 }, concurrency: 1 };
      const world = await openWorld({
        manifest: { ...ONCE_MANIFEST, limits },
        script: {
          async executeOne({ id, value }, { send }) {
            if (value === 'host3.example.com') throw crash();
            await send(async () => {
              sent.push(value);
              if (value === 'host5.example.com') throw crash();
              const at = new Date().toISOString();
              return { kind: 'answered', reply: { status: 200, headers: {}, body: {}, at } };
            });
            return { objectId: id, status: 'succeeded' };
          },
        },
      });
      const run = await world.run();
      expect(await troubleOf(world, run)).toEqual([
        ['host3.example.com', 'failed', 'OBJECT_QUARANTINED'],
        ['host5.example.com', 'unknown', 'NO_ANSWER'],
      ]);
      expect(sent).toHaveLength(15);
      expect(new Set(sent).size).toBe(15);
    });
  });
}
