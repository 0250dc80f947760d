import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { CheckedPage, ClaimedPull, Feed, FeedSettings, PageRules } from '@drover/engine';
import type { ObjectDraft, PluginObject } from '@drover/model';
import { type EngineWorld, describeDatabases, openEngineWorld } from '@drover/testing';
import type { Database } from '../database/database.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3_600_000;
const A_WHILE_MS = 150;

const now = new Date();
const rules: PageRules = { source: 'A', modes: new Map(), at: now };

function draft(n: number): ObjectDraft {
  return { type: 'indicator', subtype: 'FQDN', value: `host${n}.example.com` };
}

function page(drafts: ObjectDraft[], more: Partial<CheckedPage> = {}): CheckedPage {
  return { drafts, checkpoint: { at: 1 }, isComplete: true, reasons: [], ...more };
}

const WITH_REASON = {
  reasons: [{ kind: 'skipped', code: 'SKIPPED', reason: 'x', objects: 1 }],
} satisfies Partial<CheckedPage>;

describeDatabases('feeds side by side', (open) => {
  let database: Database;
  let world: EngineWorld;

  beforeEach(async () => {
    database = await open();
  });
  afterEach(() => world.close());

  async function feed(name: string, changes: Partial<FeedSettings> = {}): Promise<Feed> {
    const { plugin, connection } = world.submission;
    return world.feeds.create(
      {
        name,
        pluginId: plugin.pluginId,
        connectionId: connection.id,
        collectionId: world.collection.id,
        config: {},
        everyMs: 15 * MINUTE_MS,
        absentAfter: 1,
        ...changes,
      },
      { now },
    );
  }

  async function pullOf({ id }: Feed): Promise<ClaimedPull> {
    await world.feeds.request(id, { now, restart: false });
    return (await world.feeds.claim({ owner: 'engine-0', leaseMs: MINUTE_MS, now }))!;
  }

  async function members(): Promise<string[]> {
    const { data } = await world.objects.list({ limit: 100, collectionId: world.collection.id });
    return data.map(({ value }) => value);
  }

  /** Holds a page with a reason at its last statement, where the database can do two things at a time. */
  async function holdPages({ id }: ClaimedPull): Promise<() => Promise<void>> {
    if (!database.traits.rowLocks) return async () => undefined;
    const held = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const done = database.kysely.transaction().execute(async (trx) => {
      const reason = { kind: 'skipped', reason_key: 'x', code: 'SKIPPED', reason: 'x', objects: 0 };
      await trx
        .insertInto('pull_reasons')
        .values({ pull_id: id, ...reason })
        .execute();
      held.resolve();
      await released.promise;
    });
    await held.promise;
    return async () => {
      released.resolve();
      await done;
    };
  }

  it('take an object off their collection that both lose at the same time', async () => {
    world = await openEngineWorld(database, {});
    const [one, other] = [await pullOf(await feed('one')), await pullOf(await feed('other'))];
    for (const pull of [one, other]) await world.feeds.keepPage(pull, page([draft(1)]), rules);
    const release = await holdPages(one);
    const first = world.feeds.keepPage(one, page([], WITH_REASON), rules);
    await sleep(A_WHILE_MS);
    const second = world.feeds.keepPage(other, page([]), rules);
    await sleep(A_WHILE_MS);
    await release();
    await Promise.all([first, second]);
    expect(await members()).toEqual([]);
  });

  it('keep an object that one loses while the other brings it', async () => {
    world = await openEngineWorld(database, {});
    const [one, other] = [await pullOf(await feed('one')), await pullOf(await feed('other'))];
    await world.feeds.keepPage(one, page([draft(1)]), rules);
    const release = await holdPages(other);
    const brings = world.feeds.keepPage(other, page([draft(1)], WITH_REASON), rules);
    await sleep(A_WHILE_MS);
    const loses = world.feeds.keepPage(one, page([]), rules);
    await sleep(A_WHILE_MS);
    await release();
    await Promise.all([brings, loses]);
    expect(await members()).toEqual(['host1.example.com']);
  });

  it('take an object off that both forget at the same time', async () => {
    world = await openEngineWorld(database, {});
    const pulls = [
      await pullOf(await feed('one', { retentionDays: 1 })),
      await pullOf(await feed('other', { retentionDays: 1 })),
    ];
    for (const pull of pulls)
      await world.feeds.keepPage(pull, page([draft(1)], { isComplete: false }), rules);
    const end = { figures: { vendorCalls: 0, waitedMs: 0 }, now: new Date(now.getTime() + 3 * DAY_MS) };
    await Promise.all(pulls.map((pull) => world.feeds.end(pull, end)));
    expect(await members()).toEqual([]);
  });

  it('and a batch over the objects of a large page wait for each other in one order', async () => {
    const objects = 3_000;
    const pages: Promise<void>[] = [];
    let keep = async (): Promise<void> => undefined;
    let sent = 0;
    world = await openEngineWorld(database, {
      objects,
      manifest: {
        limits: { objectsPerRun: { default: objects, max: objects }, batch: { objects }, concurrency: 1 },
      },
      script: {
        execute: async (batch: PluginObject[]) => {
          sent += batch.length;
          pages.push(keep());
          await sleep(A_WHILE_MS);
          const writeBack = { attributes: [{ name: 'Tag', value: `${sent}` }] };
          return batch.map(({ id }) => ({ objectId: id, status: 'succeeded', writeBack }));
        },
      },
    });
    const pull = await pullOf(await feed('large', { absentAfter: 2 }));
    const drafts = Array.from({ length: objects }, (_, n) => draft(objects - 1 - n));
    keep = () => world.feeds.keepPage(pull, page(drafts, { isComplete: false }), rules);
    await world.engine.start();
    for (let round = 1; round <= 3; round += 1) {
      await world.run({ restart: true });
      expect(sent).toBe(round * objects);
    }
    await Promise.all(pages);
    expect(world.errors).toEqual([]);
  }, 60_000);
});
