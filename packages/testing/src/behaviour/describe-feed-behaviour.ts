import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EnginePorts, Feed, FeedSettings, Pull } from '@drover/engine';
import { Fault, type PullId, hasEnded } from '@drover/model';
import type { Database } from '@drover/store';
import { type EngineWorld, openEngineWorld } from './engine-world.js';
import type { Script } from './scripted-runtime.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

interface Host {
  name: string;
  tag?: string;
  alias?: string;
}

/** A vendor with hosts, which a script gives page by page; the checkpoint is the index of the next page. */
class PagedVendor {
  pages: Host[][] = [];
  /** Pages asked for, in their order. */
  readonly asked: number[] = [];
  /** Runs before a page is given: to fail, to wait, to count. */
  before: (page: number, signal: AbortSignal) => Promise<void> | void = () => undefined;
  readonly requests: unknown[] = [];

  get script(): Script {
    return { pull: (call) => this.#pull(call) };
  }

  async *#pull({ invocation, options }: Parameters<NonNullable<Script['pull']>>[0]) {
    this.requests.push(invocation.request);
    const from = (invocation.request.checkpoint as { page: number } | undefined)?.page ?? 0;
    for (let page = from; page < this.pages.length; page += 1) {
      this.asked.push(page);
      await this.before(page, options.signal);
      const isLast = page === this.pages.length - 1;
      yield {
        objects: this.pages[page]!.map(objectOf),
        checkpoint: { page: isLast ? 0 : page + 1 },
        isComplete: isLast,
      };
    }
  }
}

function objectOf({ name, tag, alias }: Host) {
  return {
    type: 'indicator',
    subtype: 'FQDN',
    value: `${name}.example.com`,
    ...(alias === undefined ? {} : { aliases: [`${alias}.example.com`] }),
    ...(tag === undefined ? {} : { attributes: [{ name: 'Tag', value: tag }] }),
  };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error)),
  );
}

function hosts(...names: string[]): Host[] {
  return names.map((name) => ({ name }));
}

/** How feeds behave over a store: the same on every one. `open` gives a fresh, migrated database that is closed for us. */
export function describeFeedBehaviour(open: () => Promise<Database>): void {
  describe('feeds', () => {
    let database: Database;
    let world: EngineWorld;
    let vendor: PagedVendor;
    let now: Date;

    beforeEach(async () => {
      database = await open();
      vendor = new PagedVendor();
      now = new Date('2026-03-01T00:00:00.000Z');
      world = await openEngineWorld(database, {
        manifest: { kind: 'feed', produces: [{ type: 'indicator', subtypes: ['FQDN'] }], accepts: undefined },
        script: vendor.script,
        engine: { now: () => now, leaseMs: 15_000 },
      });
    });

    afterEach(() => world.close());

    function makeFeed(changes: Partial<FeedSettings> = {}): Promise<Feed> {
      const { connection, plugin } = world.submission;
      return world.feeds.create(
        {
          name: 'hosts of acme',
          pluginId: plugin.pluginId,
          connectionId: connection.id,
          collectionId: world.collection.id,
          config: {},
          everyMs: 15 * MINUTE_MS,
          absentAfter: 2,
          ...changes,
        },
        { now },
      );
    }

    async function ended(id: PullId): Promise<Pull> {
      return reached(id, ({ status }) => hasEnded(status));
    }

    async function reached(id: PullId, is: (pull: Pull) => boolean): Promise<Pull> {
      for (;;) {
        const pull = (await world.feeds.pull(id, { now }))!;
        if (is(pull)) return pull;
        await sleep(3);
      }
    }

    /** A pull from its request to its end, a minute later than whatever was before. */
    async function pulled(feed: Feed, engine = world.engine): Promise<Pull> {
      now = new Date(now.getTime() + MINUTE_MS);
      const id = await engine.requestPull((await world.feeds.find(feed.id))!);
      await engine.start();
      return ended(id);
    }

    async function library() {
      const { data } = await world.objects.list({ limit: 1_000 });
      return data;
    }

    async function members(): Promise<string[]> {
      const { data } = await world.objects.list({ limit: 1_000, collectionId: world.collection.id });
      return data.map(({ value }) => value.split('.')[0]!);
    }

    it('keeps pages with their counts, and says what changed the next time', async () => {
      vendor.pages = [
        [{ name: 'a', tag: 'old', alias: 'a1' }, { name: 'b' }],
        [
          { name: 'c', tag: 'same' },
          { name: 'c', tag: 'same' },
        ],
      ];
      const feed = await makeFeed();
      expect(await pulled(feed)).toMatchObject({
        status: 'succeeded',
        attempt: 1,
        counts: { pages: 2, created: 3, updated: 0, unchanged: 0, duplicates: 1, rejected: 0 },
      });
      const before = new Map((await library()).map((object) => [object.value, object.revision]));
      vendor.pages[0]![0] = { name: 'a', tag: 'new', alias: 'a2' };
      vendor.pages[1]!.push({ name: 'd' });
      expect((await pulled(feed)).counts).toMatchObject({ created: 1, updated: 1, unchanged: 2 });
      const after = await library();
      const a = after.find(({ value }) => value === 'a.example.com')!;
      expect(a.attributes.map(({ name, value, source }) => [name, value, source])).toEqual([
        ['Tag', 'new', 'Acme'],
      ]);
      expect(a.aliases).toEqual(['a1.example.com', 'a2.example.com']);
      expect(a.revision).toBe(before.get('a.example.com')! + 1);
      for (const value of ['b.example.com', 'c.example.com']) {
        expect(after.find((object) => object.value === value)!.revision).toBe(before.get(value));
      }
      expect(await members()).toEqual(['a', 'b', 'c', 'd']);
      expect(await world.feeds.find('hosts of acme')).toMatchObject({
        checkpoint: { page: 0 },
        fullPasses: 2,
        failures: 0,
        objects: { present: 4, absent: 0 },
      });
    });

    it('tells a pull where it starts', async () => {
      vendor.pages = [hosts('a'), hosts('b')];
      const feed = await makeFeed();
      await pulled(feed);
      await pulled(feed);
      const again = await world.engine.requestPull(feed, { restart: true });
      await ended(again);
      expect(vendor.requests).toEqual([
        { isFirst: true, startedAt: '2026-03-01T00:01:00.000Z' },
        { isFirst: false, startedAt: '2026-03-01T00:02:00.000Z', checkpoint: { page: 0 } },
        { isFirst: true, startedAt: '2026-03-01T00:02:00.000Z' },
      ]);
    });

    it('counts what was rejected and skipped by its reason, and ends partial', async () => {
      world.runtime.script = {
        async *pull() {
          yield {
            objects: [objectOf({ name: 'a' }), { type: 'indicator', subtype: 'FQDN', value: 'not a host' }],
            skipped: [{ reason: 'archived', count: 2 }],
            checkpoint: 1,
          };
          yield {
            objects: [{ type: 'indicator', subtype: 'FQDN', value: 'nor this' }],
            skipped: [{ reason: 'archived', count: 1 }],
            checkpoint: 2,
          };
        },
      };
      const pull = await pulled(await makeFeed());
      expect(pull).toMatchObject({ status: 'partial', counts: { created: 1, rejected: 2, skipped: 3 } });
      expect(await world.feeds.reasons(pull.id)).toEqual([
        { kind: 'skipped', code: 'SKIPPED', reason: 'archived', objects: 3 },
        expect.objectContaining({ kind: 'rejected', objects: 2 }),
      ]);
    });

    it('keeps nothing of a page that breaks the contract, and all pages before it', async () => {
      world.runtime.script = {
        async *pull() {
          yield { objects: [objectOf({ name: 'a' })], checkpoint: 'kept' };
          yield { objects: [objectOf({ name: 'b' }), { type: 'asset', value: 'x' }], checkpoint: 'lost' };
        },
      };
      const feed = await makeFeed();
      expect(await pulled(feed)).toMatchObject({
        status: 'failed',
        fault: { code: 'PLUGIN_CONTRACT' },
        counts: { pages: 1, created: 1 },
      });
      expect(await members()).toEqual(['a']);
      expect((await world.feeds.find(feed.id))!.checkpoint).toBe('kept');
    });

    it('goes on after the last page that was kept, in another process, with the same pull', async () => {
      vendor.pages = [hosts('a', 'b'), hosts('c', 'd'), hosts('e')];
      vendor.before = (page, signal) => (page === 2 ? untilAborted(signal) : undefined);
      const feed = await makeFeed();
      const id = await world.engine.requestPull(feed);
      await world.engine.start();
      await reached(id, ({ counts }) => counts.pages === 2);
      // The process vanishes: its leases run out, and nothing of it is heard again.
      await database.kysely.updateTable('leases').set({ until: 0 }).execute();
      vendor.before = () => undefined;
      const { engine } = world.another(vendor.script);
      await engine.start();
      const pull = await ended(id);
      expect(pull).toMatchObject({ status: 'succeeded', attempt: 2, counts: { pages: 3, created: 5 } });
      expect(vendor.asked).toEqual([0, 1, 2, 2]);
      expect(await members()).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    it('keeps a page, its checkpoint and its counts together or not at all', async () => {
      vendor.pages = [hosts('a'), hosts('b')];
      const feed = await makeFeed();
      const { engine } = world.another(vendor.script, { ports: dyingAfterUpsert });
      const id = await engine.requestPull(feed);
      await engine.start();
      const pull = await ended(id);
      expect(pull).toMatchObject({ status: 'failed', counts: { pages: 1, created: 1 } });
      expect(await members()).toEqual(['a']);
      expect((await world.feeds.find(feed.id))!.checkpoint).toEqual({ page: 1 });
    });

    it('refuses a late page of an owner that lost the pull', async () => {
      const feed = await makeFeed();
      await world.feeds.request(feed.id, { now, restart: false });
      const late = (await world.feeds.claim({ owner: 'one', leaseMs: 1_000, now }))!;
      now = new Date(now.getTime() + 2_000);
      expect(await world.feeds.reap({ now })).toBe(1);
      const owner = (await world.feeds.claim({ owner: 'two', leaseMs: 1_000, now }))!;
      const page = {
        drafts: [{ type: 'indicator', subtype: 'FQDN', value: 'a.example.com' }],
        checkpoint: 1,
        reasons: [],
        isComplete: false,
      };
      const rules = { source: 'Acme', modes: new Map(), at: now };
      await expect(world.feeds.keepPage(late, page, rules)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      const figures = { vendorCalls: 0, waitedMs: 0 };
      await expect(world.feeds.end(late, { figures, now })).rejects.toMatchObject({ code: 'LEASE_LOST' });
      const pause = { now, dueAt: now, why: 'stopped', figures } as const;
      await expect(world.feeds.pause(late, pause)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await world.feeds.appendLog(late, [{ level: 'warn', message: 'late' }], { now });
      expect(await world.feeds.renew('one', [late.id], { leaseMs: 60_000, now })).toEqual([]);
      expect(await world.feeds.log(late.id, 0)).toEqual([]);
      await world.feeds.appendLog(owner, [{ level: 'warn', message: 'in time', fields: { n: 1 } }], { now });
      expect(await world.feeds.log(owner.id, 0)).toMatchObject([
        { line: { message: 'in time', fields: { n: 1 } } },
      ]);
      expect(await library()).toEqual([]);
      await world.feeds.keepPage(owner, page, rules);
      expect(await world.feeds.end(owner, { figures, now })).toBe('succeeded');
      expect(await members()).toEqual(['a']);
    });

    it('gives up a pull that kills its workers without a page', async () => {
      const feed = await makeFeed();
      const id = await world.feeds.request(feed.id, { now, restart: false });
      for (let death = 0; death < 5; death += 1) {
        expect(await world.feeds.claim({ owner: `worker ${death}`, leaseMs: 1_000, now })).toBeDefined();
        now = new Date(now.getTime() + 2_000);
        await world.feeds.reap({ now });
      }
      expect(await world.feeds.pull(id, { now })).toMatchObject({
        status: 'failed',
        fault: { code: 'WORKER_LOST' },
      });
    });

    it('marks absent what full passes do not see, and takes it back', async () => {
      vendor.pages = [hosts('a', 'b', 'c')];
      const feed = await makeFeed({ absentAfter: 2 });
      await pulled(feed);
      vendor.pages = [hosts('a', 'c')];
      expect((await pulled(feed)).counts.absent).toBe(0);
      expect(await members()).toEqual(['a', 'b', 'c']);
      expect((await pulled(feed)).counts.absent).toBe(1);
      expect(await members()).toEqual(['a', 'c']);
      expect((await pulled(feed)).counts.absent).toBe(0);
      const gone = (await library()).find(({ value }) => value === 'b.example.com')!;
      expect(gone.feeds).toEqual([
        { feed: feed.name, seenAt: '2026-03-01T00:01:00.000Z', absentSince: '2026-03-01T00:03:00.000Z' },
      ]);
      expect((await world.objects.get(gone.id))!.feeds).toEqual(gone.feeds);
      vendor.pages = [hosts('a', 'b', 'c')];
      await pulled(feed);
      expect(await members()).toEqual(['a', 'b', 'c']);
      expect((await world.feeds.find(feed.id))!.objects).toEqual({ present: 3, absent: 0 });
      expect((await world.objects.get(gone.id))!.feeds![0]).not.toHaveProperty('absentSince');
    });

    it('lets an object stay on a collection that another feed has it on', async () => {
      vendor.pages = [hosts('a', 'b')];
      const one = await makeFeed({ absentAfter: 1 });
      const other = await makeFeed({ name: 'other', absentAfter: 1 });
      await pulled(one);
      await pulled(other);
      vendor.pages = [hosts('a')];
      await pulled(one);
      expect(await members()).toEqual(['a', 'b']);
      await pulled(other);
      expect(await members()).toEqual(['a']);
    });

    it('takes off what was not seen for the retention, and leaves it in the library', async () => {
      vendor.pages = [hosts('a', 'b')];
      const feed = await makeFeed({ absentAfter: 100, retentionDays: 10 });
      await pulled(feed);
      vendor.pages = [hosts('a')];
      now = new Date(now.getTime() + 9 * DAY_MS);
      expect((await pulled(feed)).counts.forgotten).toBe(0);
      now = new Date(now.getTime() + 2 * DAY_MS);
      expect((await pulled(feed)).counts.forgotten).toBe(1);
      expect(await members()).toEqual(['a']);
      expect(await library()).toHaveLength(2);
    });

    it('fires a due feed once, however many intervals went by, and never beside an open pull', async () => {
      const feed = await makeFeed({ everyMs: 15 * MINUTE_MS });
      expect(await world.feeds.fireDue({ now })).toBe(1);
      const [first] = (await world.feeds.pulls(feed.id, { now })).data;
      expect(first).toMatchObject({ trigger: 'schedule', status: 'queued' });
      now = new Date(now.getTime() + 100 * MINUTE_MS);
      expect(await world.feeds.fireDue({ now })).toBe(0);
      const held = (await world.feeds.claim({ owner: 'one', leaseMs: 1_000, now }))!;
      await world.feeds.end(held, { figures: { vendorCalls: 0, waitedMs: 0 }, now });
      expect(await world.feeds.fireDue({ now })).toBe(1);
      // On the grid of the first: 00:00, 00:15, …, 01:30 was the last before 01:40.
      expect((await world.feeds.find(feed.id))!.dueAt).toBe('2026-03-01T01:45:00.000Z');
      expect(await world.feeds.fireDue({ now })).toBe(0);
      expect((await world.feeds.pulls(feed.id, { now })).data).toHaveLength(2);
    });

    it('does not fire a paused feed', async () => {
      const feed = await makeFeed();
      await world.feeds.setStatus(feed.id, 'paused');
      expect(await world.feeds.fireDue({ now })).toBe(0);
      await world.feeds.setStatus(feed.id, 'enabled');
      expect(await world.feeds.fireDue({ now })).toBe(1);
    });

    it('lets one of several schedulers fire each due feed once', async () => {
      vendor.pages = [hosts('a')];
      const feed = await makeFeed();
      const others = [world.another(vendor.script), world.another(vendor.script)];
      await world.engine.start();
      await Promise.all([world.engine, ...others.map(({ engine }) => engine)].map((e) => e.startScheduler()));
      const [pull] = (await world.feeds.pulls(feed.id, { now })).data;
      expect((await ended(pull!.id)).trigger).toBe('schedule');
      expect((await world.feeds.pulls(feed.id, { now })).data).toHaveLength(1);
      expect(vendor.asked).toEqual([0]);
    });

    it('fails at once for an account’s fault, and backs off further with each failure', async () => {
      vendor.pages = [hosts('a')];
      vendor.before = () => {
        throw new Fault('CREDENTIALS_REFUSED', 'The vendor refused the token.');
      };
      const feed = await makeFeed({ everyMs: 60 * MINUTE_MS });
      const waits: number[] = [];
      for (let failure = 1; failure <= 3; failure += 1) {
        expect(await pulled(feed)).toMatchObject({
          status: 'failed',
          fault: { code: 'CREDENTIALS_REFUSED' },
        });
        const { dueAt, failures } = (await world.feeds.find(feed.id))!;
        expect(failures).toBe(failure);
        waits.push((Date.parse(dueAt) - now.getTime()) / MINUTE_MS);
      }
      expect(waits).toEqual([60, 120, 240]);
      vendor.before = () => undefined;
      await pulled(feed);
      expect((await world.feeds.find(feed.id))!.failures).toBe(0);
    });

    it('waits for a rate limit without a worker, and goes on with the same pull', async () => {
      vendor.pages = [hosts('a'), hosts('b')];
      let isLimited = true;
      vendor.before = (page) => {
        if (page === 1 && isLimited) {
          throw new Fault('RATE_LIMITED', 'Too many requests.', { retryAfterMs: 5 * MINUTE_MS });
        }
      };
      const feed = await makeFeed();
      const id = await world.engine.requestPull(feed);
      await world.engine.start();
      const waiting = await reached(id, ({ status }) => status === 'waiting');
      expect(waiting).toMatchObject({
        isHeld: false,
        dueAt: '2026-03-01T00:05:00.000Z',
        counts: { pages: 1 },
      });
      isLimited = false;
      now = new Date('2026-03-01T00:06:00.000Z');
      expect(await ended(id)).toMatchObject({ status: 'succeeded', attempt: 2, counts: { pages: 2 } });
      expect(vendor.asked).toEqual([0, 1, 1]);
    });

    it('tries a retryable fault again a few times, counted from the last page', async () => {
      vendor.pages = [hosts('a')];
      vendor.before = () => {
        now = new Date(now.getTime() + MINUTE_MS);
        throw new Fault('VENDOR_UNAVAILABLE', 'It answered 503.', { retryable: true, retryAfterMs: 1 });
      };
      const feed = await makeFeed();
      const id = await world.engine.requestPull(feed);
      await world.engine.start();
      await reached(id, ({ status }) => status === 'waiting');
      while ((await world.feeds.pull(id, { now }))!.endedAt === undefined) {
        now = new Date(now.getTime() + MINUTE_MS);
        await sleep(50);
      }
      expect(await world.feeds.pull(id, { now })).toMatchObject({ status: 'failed', attempt: 3 });
    });

    it('lets go of a pull when the process stops, and another one goes on', async () => {
      vendor.pages = [hosts('a'), hosts('b')];
      vendor.before = (page, signal) => (page === 0 ? undefined : untilAborted(signal));
      const feed = await makeFeed();
      const id = await world.engine.requestPull(feed);
      await world.engine.start();
      await reached(id, ({ counts }) => counts.pages === 1);
      await world.engine.stop();
      expect(await world.feeds.pull(id, { now })).toMatchObject({ status: 'queued', isHeld: false });
      vendor.before = () => undefined;
      const { engine } = world.another(vendor.script);
      await engine.start();
      expect(await ended(id)).toMatchObject({ status: 'succeeded', counts: { pages: 2, created: 2 } });
    });

    it('refuses to start over, and to go, while its pull is held; gives up one that nobody holds', async () => {
      const feed = await makeFeed();
      const first = await world.feeds.request(feed.id, { now, restart: false });
      expect(await world.feeds.request(feed.id, { now, restart: false })).toBe(first);
      await world.feeds.claim({ owner: 'one', leaseMs: 1_000, now });
      const held = { code: 'PULL_IN_PROGRESS' };
      await expect(world.feeds.request(feed.id, { now, restart: true })).rejects.toMatchObject(held);
      await expect(world.feeds.remove(feed.id, { now })).rejects.toMatchObject(held);
      now = new Date(now.getTime() + 2_000);
      const second = await world.feeds.request(feed.id, { now, restart: true });
      expect(second).not.toBe(first);
      expect((await world.feeds.pull(first, { now }))!.status).toBe('cancelled');
      await world.feeds.remove(feed.id, { now });
      expect(await world.feeds.find(feed.id)).toBeUndefined();
      expect(await world.feeds.pull(second, { now })).toBeUndefined();
    });

    it('refuses a second feed of a name', async () => {
      await makeFeed();
      await expect(makeFeed()).rejects.toMatchObject({ code: 'FEED_EXISTS' });
    });
  });
}

/** A store that breaks with the second page, after its objects are written and before its transaction ends. */
function dyingAfterUpsert(ports: EnginePorts): EnginePorts {
  let pages = 0;
  const keepPage: EnginePorts['feeds']['keepPage'] = (pull, page, rules) => {
    pages += 1;
    if (pages < 2) return ports.feeds.keepPage(pull, page, rules);
    // A reason without its text is refused by the database, and it is written last.
    const broken = {
      kind: 'skipped',
      code: 'SKIPPED',
      reason: null as unknown as string,
      objects: 1,
    } as const;
    return ports.feeds.keepPage(pull, { ...page, reasons: [broken] }, rules);
  };
  const feeds = new Proxy(ports.feeds, {
    get(target, name) {
      const value: unknown = name === 'keepPage' ? keepPage : Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { ...ports, feeds };
}
