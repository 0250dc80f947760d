import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Engine, EnginePorts, Feed, MirrorRules } from '@drover/engine';
import { type DroverObject, Fault, type PullId, type RunId, hasEnded } from '@drover/model';
import type { Database } from '@drover/store';
import fc from 'fast-check';
import { type EngineWorld, openEngineWorld } from './engine-world.js';
import { MirrorVendor, mirrorManifests } from './mirror-vendor.js';

const MINUTE_MS = 60_000;
const NO_RULES: MirrorRules = { direction: 'none', closeMirrored: false, map: {}, mapOut: {} };

/** How feeds mirror over a store: the same on every one. `open` gives a fresh, migrated database that is closed for us. */
export function describeMirrorBehaviour(open: () => Promise<Database>): void {
  describe('mirroring', () => {
    let world: EngineWorld;
    let vendor: MirrorVendor;
    let now: Date;
    let feed: Feed;

    async function openWorld(): Promise<void> {
      now = new Date('2026-03-01T00:00:00.000Z');
      vendor = new MirrorVendor(() => now.getTime());
      world = await openEngineWorld(await open(), {
        ...mirrorManifests(),
        script: vendor.script,
        engine: { now: () => now, leaseMs: 15_000 },
      });
    }

    beforeEach(openWorld);
    afterEach(() => world.close());

    function later(ms = MINUTE_MS): void {
      now = new Date(now.getTime() + ms);
    }

    async function makeFeed(rules: Partial<MirrorRules>): Promise<void> {
      const { connection, plugin } = world.submission;
      feed = await world.feeds.create(
        {
          name: 'hosts of acme',
          pluginId: plugin.pluginId,
          connectionId: connection.id,
          collectionId: world.collection.id,
          config: {},
          everyMs: 15 * MINUTE_MS,
          absentAfter: 2,
          mirror: { ...NO_RULES, ...rules },
        },
        { now },
      );
    }

    async function pulled(engine: Engine = world.engine) {
      later();
      const id: PullId = await engine.requestPull(feed);
      await engine.start();
      for (;;) {
        const pull = (await world.feeds.pull(id, { now }))!;
        if (hasEnded(pull.status)) {
          expect(pull).toMatchObject({ status: 'succeeded' });
          return pull.counts;
        }
        await sleep(2);
      }
    }

    /** Sends what has changed until nothing is left to send. Returns the runs. */
    async function sent(engine: Engine = world.engine): Promise<RunId[]> {
      later();
      const runs: RunId[] = [];
      for (;;) {
        const runId = await engine.mirrorOut(feed.id);
        const open = runId ?? (await world.mirrors.figures(feed.id)).runId;
        if (open === undefined) return runs;
        runs.push(open);
        await engine.start();
        await world.waitFor(open);
      }
    }

    async function object(name: string): Promise<DroverObject> {
      const { data } = await world.objects.list({ limit: 1_000 });
      return data.find(({ value }) => value === `${name}.example.com`)!;
    }

    async function edit(name: string, values: Record<string, string>, source = 'manual'): Promise<void> {
      later(1_000);
      const attributes = Object.entries(values).map(([key, value]) => ({ name: key, value }));
      await world.objects.edit((await object(name)).id, { source, at: now, attributes });
    }

    /** The latest word on an attribute. */
    async function here(name: string, field: string): Promise<unknown> {
      const said = (await object(name)).attributes.filter((attribute) => attribute.name === field);
      return said.toSorted((a, b) => a.at.localeCompare(b.at)).at(-1)?.value;
    }

    async function offers() {
      return (await world.mirrors.offers(feed.id, { limit: 100 })).data;
    }

    async function conflicts() {
      return (await world.mirrors.conflicts(feed.id, { limit: 100 })).data;
    }

    it('brings in what the manifest mirrors in, and leaves the rest as first fetched', async () => {
      await makeFeed({ direction: 'in' });
      vendor.change('a', { severity: 'low', owner: 'ann' });
      await pulled();
      later();
      vendor.change('a', { state: 'closed', category: 'known', severity: 'high', owner: 'bob' });
      expect(await pulled()).toMatchObject({ updated: 1, unchanged: 0 });
      for (const [field, value] of [
        ['state', 'closed'],
        ['category', 'known'],
        ['owner', 'bob'],
        ['severity', 'low'],
      ] as const) {
        expect([field, await here('a', field)]).toEqual([field, value]);
      }
      expect((await object('a')).status).toBe('open');
      expect(await pulled()).toMatchObject({ updated: 0, unchanged: 1 });
      await edit('a', { state: 'open' });
      expect(await sent()).toEqual([]);
      expect(vendor.offered).toBe(0);
    });

    it.each(['none', 'out'] as const)(
      'updates nothing that it knows with the direction %s',
      async (direction) => {
        await makeFeed({ direction });
        vendor.change('a', {});
        await pulled();
        const before = await object('a');
        later();
        vendor.change('a', { state: 'closed', category: 'known' });
        expect(await pulled()).toMatchObject({ updated: 0, unchanged: 1 });
        expect((await object('a')).revision).toBe(before.revision);
        expect(await here('a', 'state')).toBe('open');
      },
    );

    it('closes objects that the vendor closes, when it is told to, and only then', async () => {
      await makeFeed({ direction: 'in', closeMirrored: true });
      vendor.change('a', {});
      await pulled();
      later();
      vendor.change('a', { state: 'Closed' });
      await pulled();
      expect((await object('a')).status).toBe('closed');
      later();
      await world.objects.edit((await object('a')).id, { source: 'manual', at: now, status: 'reopened' });
      await pulled();
      expect((await object('a')).status).toBe('reopened');
    });

    it('sends out what was changed here, once', async () => {
      await makeFeed({ direction: 'both' });
      vendor.change('a', {});
      vendor.change('b', {});
      await pulled();
      expect(await sent()).toEqual([]);
      await edit('a', { state: 'closed', category: 'benign' });
      const [runId, ...others] = await sent();
      expect(others).toEqual([]);
      const run = (await world.ledger.run(runId!))!;
      expect(run).toMatchObject({ trigger: 'event', status: 'succeeded', summary: { objects: 1 } });
      expect(vendor.writes).toEqual([{ name: 'a', state: 'closed', category: 'benign' }]);
      expect(await world.mirrors.figures(feed.id)).toMatchObject({ wentOut: 1, cameIn: 0, sending: 0 });
      expect(await offers()).toEqual([]);
    });

    it('goes round without an echo', async () => {
      await makeFeed({ direction: 'both' });
      vendor.change('a', {});
      vendor.change('b', {});
      await pulled();
      await edit('a', { state: 'closed', category: 'benign' });
      later();
      vendor.change('b', { state: 'closed', category: 'known' });
      for (let cycle = 0; cycle < 4; cycle += 1) {
        const counts = await pulled();
        if (cycle > 0) expect(counts).toMatchObject({ updated: 0, unchanged: 2 });
        await sent();
      }
      expect(vendor.writes).toEqual([{ name: 'a', state: 'closed', category: 'benign' }]);
      expect(vendor.offered).toBe(1);
      expect(await conflicts()).toEqual([]);
      expect([await here('b', 'state'), await here('a', 'state')]).toEqual(['closed', 'closed']);
    });

    it('keeps the direction in which an object was first fetched', async () => {
      await makeFeed({ direction: 'none' });
      vendor.change('a', {});
      await pulled();
      await world.feeds.setMirror(feed.id, { rules: { ...NO_RULES, direction: 'both' }, config: {} });
      vendor.change('b', {});
      await pulled();
      await edit('a', { state: 'closed' });
      await edit('b', { state: 'closed' });
      await sent();
      expect(vendor.writes.map(({ name }) => name)).toEqual(['b']);
      later();
      vendor.change('a', { owner: 'eve' });
      vendor.change('b', { owner: 'eve' });
      await pulled();
      expect([await here('a', 'owner'), await here('b', 'owner')]).toEqual([undefined, 'eve']);
      expect((await world.mirrors.figures(feed.id)).objects).toEqual({ none: 1, in: 0, out: 0, both: 1 });
    });

    it('tells what was refused, and offers it again when it was changed here', async () => {
      await makeFeed({ direction: 'out' });
      vendor.change('a', {});
      await pulled();
      await edit('a', { state: 'closed', category: 'nonsense' });
      await sent();
      expect(await offers()).toMatchObject([
        {
          status: 'refused',
          code: 'CATEGORY_NOT_WRITABLE',
          message: 'No category nonsense.',
          offered: { state: 'closed', category: 'nonsense' },
        },
      ]);
      later(48 * 60 * MINUTE_MS);
      await edit('a', { severity: 'high' });
      await sent();
      expect(vendor.offered).toBe(1);
      await edit('a', { category: 'benign' });
      await sent();
      expect(await offers()).toEqual([]);
      expect(vendor.writes).toHaveLength(1);
    });

    it('forgets a refusal when the value went back to what was agreed on', async () => {
      await makeFeed({ direction: 'out' });
      vendor.change('a', {});
      await pulled();
      await edit('a', { category: 'nonsense' });
      await sent();
      await edit('a', { category: 'new' });
      await sent();
      expect([await offers(), vendor.offered]).toEqual([[], 1]);
    });

    it('tries what failed again after a while', async () => {
      await makeFeed({ direction: 'out' });
      vendor.change('a', {});
      await pulled();
      await edit('a', { state: 'closed' });
      vendor.answer = () => ({
        status: 'failed',
        code: 'VENDOR_BUSY',
        message: 'Not now.',
        retryable: false,
      });
      await sent();
      await sent();
      expect(vendor.offered).toBe(1);
      expect(await offers()).toMatchObject([{ status: 'failed', code: 'VENDOR_BUSY', failures: 1 }]);
      later(6 * MINUTE_MS);
      await sent();
      expect(await offers()).toMatchObject([{ status: 'failed', failures: 2 }]);
      vendor.answer = () => undefined;
      later(11 * MINUTE_MS);
      await sent();
      expect([await offers(), vendor.writes.length]).toEqual([[], 1]);
    });

    it('tells why no run could be made, and makes it when it can', async () => {
      await makeFeed({ direction: 'out' });
      vendor.change('a', {});
      await pulled();
      await edit('a', { state: 'closed' });
      const broken = world.another(vendor.script, {
        ports: (ports) => ({
          ...ports,
          connections: new Proxy(ports.connections, {
            get: (target, name) =>
              name === 'find' ? async () => undefined : Reflect.get(target, name).bind(target),
          }),
        }),
      });
      expect(await broken.engine.mirrorOut(feed.id)).toBeUndefined();
      expect(await offers()).toMatchObject([{ status: 'failed', code: 'NOT_FOUND', failures: 1 }]);
      later(6 * MINUTE_MS);
      await sent();
      expect(vendor.writes).toHaveLength(1);
    });

    it('counts what a person says of an unknown outcome', async () => {
      await makeFeed({ direction: 'both' });
      for (const name of ['a', 'b']) vendor.change(name, {});
      await pulled();
      await edit('a', { state: 'closed' });
      await edit('b', { state: 'closed' });
      const [runId] = await sent();
      // As a once-only call without an answer leaves it.
      await world.database.kysely
        .updateTable('outcomes')
        .set({ status: 'unknown', code: 'VENDOR_NO_ANSWER', message: 'It did not answer.' })
        .execute();
      await world.database.kysely.updateTable('runs').set({ succeeded: 0, unknown: 2 }).execute();
      await world.database.kysely
        .insertInto('mirror_offers')
        .columns(['feed_id', 'object_seq', 'status', 'offered', 'base', 'pass_id', 'failures', 'at'])
        .expression((eb) =>
          eb
            .selectFrom('outcomes as o')
            .innerJoin('runs as r', 'r.id', 'o.run_id')
            .select((e) => [
              e.val(feed.id).as('feed_id'),
              'o.object_seq',
              e.val('unknown').as('status'),
              e.val('{"state":"closed","category":"new"}').as('offered'),
              e.val('{"state":"closed","category":"new"}').as('base'),
              'r.pass_id',
              e.lit(0).as('failures'),
              e.lit(0).as('at'),
            ]),
        )
        .execute();
      await sent();
      expect((await offers()).map(({ status }) => status)).toEqual(['unknown', 'unknown']);
      await world.engine.resolve(runId!, { as: 'sent', objects: { ref: 'a.example.com' } });
      await world.engine.resolve(runId!, { as: 'not-sent', objects: { ref: 'b.example.com' } });
      await sent();
      expect(await offers()).toEqual([]);
    });

    it('maps names on the way in and on the way out', async () => {
      await makeFeed({
        direction: 'both',
        map: { state: 'Acme State', severity: null },
        mapOut: { category: 'Reason' },
      });
      vendor.change('a', { severity: 'high' });
      await pulled();
      const names = (await object('a')).attributes.map(({ name }) => name);
      expect(names).toEqual(['Acme State', 'category']);
      await edit('a', { 'Acme State': 'closed', Reason: 'known' });
      await sent();
      expect(vendor.writes).toEqual([{ name: 'a', state: 'closed', category: 'known' }]);
      later();
      vendor.change('a', { state: 'open' });
      await pulled();
      expect(await here('a', 'Acme State')).toBe('open');
      expect(await sent()).toEqual([]);
    });

    it.each(['vendor', 'local', 'tie'] as const)('lets the later change win: %s', async (later_) => {
      await makeFeed({ direction: 'both' });
      vendor.change('a', {});
      await pulled();
      if (later_ === 'local') vendor.change('a', { category: 'known' });
      await edit('a', { state: 'closed', category: 'benign' });
      if (later_ === 'vendor') later();
      if (later_ !== 'local') vendor.change('a', { category: 'known' });
      await pulled();
      expect(await conflicts()).toMatchObject([
        {
          field: 'category',
          local: { value: 'benign', source: 'manual' },
          vendor: { value: 'known' },
          winner: later_ === 'local' ? 'local' : 'vendor',
        },
      ]);
      await sent();
      await pulled();
      await sent();
      const winner = later_ === 'local' ? 'benign' : 'known';
      expect([await here('a', 'category'), vendor.hosts.get('a')!.category]).toEqual([winner, winner]);
      expect([await here('a', 'state'), vendor.hosts.get('a')!.state]).toEqual(['closed', 'closed']);
      const history = await world.objects.history((await object('a')).id);
      expect(history.filter(({ name }) => name === 'category').map(({ value }) => value)).toEqual(
        expect.arrayContaining(['benign', 'known']),
      );
      expect(await conflicts()).toHaveLength(1);
    });

    it('goes by the time of the page where the feed tells none of changes', async () => {
      await makeFeed({ direction: 'both' });
      vendor.tellsChangedAt = false;
      vendor.change('a', {});
      await pulled();
      vendor.change('a', { category: 'known' });
      await edit('a', { category: 'benign' });
      await pulled();
      expect(await conflicts()).toMatchObject([{ winner: 'vendor' }]);
      expect(await here('a', 'category')).toBe('known');
    });

    it('does not take a page that was read before a send for a change', async () => {
      await makeFeed({ direction: 'both' });
      vendor.change('a', {});
      await pulled();
      const stale = { ...vendor.hosts.get('a')! };
      await edit('a', { state: 'closed' });
      await sent();
      const present = vendor.hosts.get('a')!;
      vendor.hosts.set('a', stale);
      await pulled();
      expect(await here('a', 'state')).toBe('closed');
      vendor.hosts.set('a', present);
      expect(await pulled()).toMatchObject({ updated: 0 });
    });

    it('sends one run at a time, also from two processes', async () => {
      await makeFeed({ direction: 'out' });
      for (const name of ['a', 'b', 'c']) vendor.change(name, {});
      await pulled();
      for (const name of ['a', 'b', 'c']) await edit(name, { state: 'closed' });
      const others = [1, 2, 3].map(() => world.another(vendor.script).engine);
      const runs = await Promise.all([world.engine, ...others].map((engine) => engine.mirrorOut(feed.id)));
      expect(runs.filter((run) => run !== undefined)).toHaveLength(1);
      await sent();
      expect([vendor.writes.length, vendor.offered]).toEqual([3, 3]);
    });

    it('is fired by the scheduler, after a pull and every few seconds', async () => {
      await makeFeed({ direction: 'both' });
      await world.feeds.setStatus(feed.id, 'paused');
      vendor.change('a', {});
      await pulled();
      await edit('a', { state: 'closed' });
      await world.engine.startScheduler();
      expect(vendor.offered).toBe(0);
      await world.feeds.setStatus(feed.id, 'enabled');
      later(10_000);
      await until(() => vendor.writes.length === 1);
      await edit('a', { category: 'known' });
      later(10_000);
      await until(() => vendor.writes.length === 2);
      later(10_000);
      await until(async () => (await world.mirrors.figures(feed.id)).wentOut === 2);
    }, 30_000);

    it.each([
      ['mirrors', 'beginSend', 'before'],
      ['mirrors', 'beginSend', 'after'],
      ['ledger', 'openPass', 'after'],
      ['ledger', 'freezeNext', 'after'],
      ['ledger', 'createRun', 'before'],
      ['ledger', 'createRun', 'after'],
      ['mirrors', 'settleSend', 'before'],
      ['mirrors', 'settleSend', 'after'],
    ] as const)(
      'loses and doubles nothing when a process dies at %s.%s, %s it took effect',
      async (port, name, when) => {
        await makeFeed({ direction: 'both' });
        for (const host of ['a', 'b']) vendor.change(host, {});
        await pulled();
        await edit('a', { state: 'closed' });
        const doomed = world.another(vendor.script, {
          ports: (ports) => dyingAt(ports, { port, name, when }),
        });
        await doomed.engine.mirrorOut(feed.id).catch(() => undefined);
        if (name === 'settleSend') {
          const { runId } = await world.mirrors.figures(feed.id);
          if (runId !== undefined) await world.waitFor(runId);
        }
        await sent();
        await pulled();
        await sent();
        expect(vendor.writes).toEqual([{ name: 'a', state: 'closed', category: 'new' }]);
        expect(vendor.offered).toBe(1);
        expect(await offers()).toEqual([]);
      },
    );

    it('leaves nothing behind when the feed is removed', async () => {
      await makeFeed({ direction: 'both' });
      vendor.change('a', {});
      await pulled();
      await edit('a', { state: 'closed', category: 'nonsense' });
      await sent();
      await world.feeds.remove(feed.id, { now });
      expect(await world.mirrors.sendingFeeds()).toEqual([]);
      for (const table of ['mirror_rules', 'mirror_offers', 'mirror_sends', 'mirror_conflicts'] as const) {
        expect(await world.database.kysely.selectFrom(table).selectAll().execute()).toEqual([]);
      }
    });

    it('ends with both sides equal, or with a refusal, whatever happened in whatever order', async () => {
      const names = ['a', 'b', 'c'] as const;
      const step = fc.oneof(
        fc.record({
          do: fc.constant('vendor' as const),
          name: fc.constantFrom(...names),
          field: fc.constantFrom('state' as const, 'category' as const, 'owner' as const),
          pick: fc.nat(2),
        }),
        fc.record({
          do: fc.constant('local' as const),
          name: fc.constantFrom(...names),
          field: fc.constantFrom('state' as const, 'category' as const),
          pick: fc.nat(2),
        }),
        fc.record({ do: fc.constantFrom('pull' as const, 'send' as const, 'die' as const) }),
      );
      const values = {
        state: ['open', 'closed', 'closed'],
        category: ['new', 'known', 'nonsense'],
        owner: ['ann', 'bob', 'eve'],
      };
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 4, maxLength: 20 }),
          fc.boolean(),
          async (steps, tells) => {
            await world.close();
            await world.database.close();
            await openWorld();
            vendor.tellsChangedAt = tells;
            await makeFeed({ direction: 'both' });
            for (const name of names) vendor.change(name, { owner: 'ann' });
            await pulled();
            for (const one of steps) {
              later(1_000);
              if (one.do === 'vendor') vendor.change(one.name, { [one.field]: values[one.field][one.pick] });
              else if (one.do === 'local')
                await edit(one.name, { [one.field]: values[one.field][one.pick]! });
              else if (one.do === 'pull') await pulled();
              else if (one.do === 'send') await world.engine.mirrorOut(feed.id);
              else
                await world
                  .another(vendor.script, { ports: dying })
                  .engine.mirrorOut(feed.id)
                  .catch(() => 0);
            }
            for (let cycle = 0; cycle < 4; cycle += 1) {
              await sent();
              await pulled();
              later(60 * MINUTE_MS);
            }
            const refused = new Set((await offers()).map((offer) => offer.object.value.split('.')[0]));
            const writes = vendor.writes.length;
            for (const name of names) {
              for (const field of ['state', 'category', 'owner'] as const) {
                const both = [await here(name, field), vendor.hosts.get(name)![field]];
                if (!refused.has(name)) expect([name, field, both[0]]).toEqual([name, field, both[1]]);
              }
            }
            await sent();
            expect(await pulled()).toMatchObject({ updated: 0 });
            expect(vendor.writes.length).toBe(writes);
            expect(world.errors).toEqual([]);
          },
        ),
        { numRuns: 12 },
      );
    }, 120_000);
  });
}

async function until(is: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await is())) {
    if (performance.now() > end) throw new Error('It did not happen.');
    await sleep(20);
  }
}

interface DeathPlace {
  port: 'mirrors' | 'ledger';
  name: string;
  when: 'before' | 'after';
}

/** A process that dies at a call, before or after it took effect, and does nothing any more from then on. */
function dyingAt(ports: EnginePorts, { port, name: at, when }: DeathPlace): EnginePorts {
  let isDead = false;
  const mortal = <Port extends object>(target: Port, isPlace: boolean): Port =>
    new Proxy(target, {
      get: (inner, name) => {
        const member: unknown = Reflect.get(inner, name);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          const isHere = isPlace && name === at;
          if (isHere && when === 'before') isDead = true;
          if (isDead) throw new Fault('INTERNAL', 'The process is dead.');
          const result: unknown = await member.apply(inner, args);
          if (isHere) isDead = true;
          if (isDead) throw new Fault('INTERNAL', 'The process is dead.');
          return result;
        };
      },
    });
  return {
    ...ports,
    mirrors: mortal(ports.mirrors, port === 'mirrors'),
    ledger: mortal(ports.ledger, port === 'ledger'),
  };
}

function dying(ports: EnginePorts): EnginePorts {
  return dyingAt(ports, { port: 'ledger', name: 'createRun', when: 'before' });
}
