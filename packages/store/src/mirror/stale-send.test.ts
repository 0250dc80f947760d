import { afterEach, expect, it } from '@jest/globals';
import type { CheckedPage, MirrorSend, PageRules, RunRequest } from '@drover/engine';
import type { ObjectId, PluginObject } from '@drover/model';
import { type EngineWorld, describeDatabases, openEngineWorld } from '@drover/testing';

const MINUTE_MS = 60_000;

describeDatabases('a send that was settled while a run was to be made of it', (open) => {
  let world: EngineWorld;
  afterEach(() => world.close());

  it('makes no run, and does not take the place of the next one', async () => {
    const executed: string[] = [];
    world = await openEngineWorld(await open(), {
      manifest: { triggers: ['event', 'manual'] },
      script: {
        execute: async (objects: PluginObject[]) => {
          executed.push(...objects.map(({ value }) => value));
          return objects.map(({ id }) => ({ objectId: id, status: 'succeeded' }));
        },
      },
    });
    let now = new Date();
    const { plugin, connection } = world.submission;
    const feed = await world.feeds.create(
      {
        name: 'mirrored',
        pluginId: plugin.pluginId,
        connectionId: connection.id,
        collectionId: world.collection.id,
        config: {},
        everyMs: 15 * MINUTE_MS,
        absentAfter: 2,
        mirror: { direction: 'both', map: {}, mapOut: {}, closeMirrored: false } as never,
      },
      { now },
    );
    await world.feeds.request(feed.id, { now, restart: false });
    const pull = (await world.feeds.claim({ owner: 'engine-0', leaseMs: 1_000, now }))!;
    const drafts = [1, 2].map((n) => ({
      type: 'indicator',
      subtype: 'FQDN',
      value: `host${n}.example.com`,
      attributes: [{ name: 'Tag', value: 'a' }],
    }));
    const page: CheckedPage = { drafts, checkpoint: 1, isComplete: true, reasons: [] };
    const mirror = { in: ['Tag'], out: ['Tag'] };
    const rules = { source: 'Acme', modes: new Map([['Tag', 'replace']]), at: now, mirror };
    await world.feeds.keepPage(pull, page, rules as unknown as PageRules);
    await world.feeds.end(pull, { figures: { vendorCalls: 0, waitedMs: 0 }, now });
    const { data } = await world.objects.list({ limit: 10 });

    async function changeAndBegin(n: number): Promise<MirrorSend> {
      const attributes = [{ name: 'Tag', value: 'b' }];
      await world.objects.edit(data[n]!.id as ObjectId, { source: 'analyst', at: new Date(), attributes });
      now = new Date(now.getTime() + MINUTE_MS);
      return (await world.mirrors.beginSend(feed.id, {
        fields: ['Tag'],
        source: 'Acme',
        objects: 100,
        now,
      }))!;
    }
    const submissionOf = ({ collection, begunAt }: MirrorSend) => ({
      ...world.submission,
      collection,
      trigger: 'event' as const,
      sendOf: { feedId: feed.id, begunAt },
    });

    const stale = await changeAndBegin(0);
    await world.engine.start();
    const { runId } = await world.engine.submit(submissionOf(stale));
    await world.waitFor(runId!);
    expect(await world.mirrors.settleSend(feed.id, { now })).toBeUndefined();
    let next: MirrorSend | undefined;
    // Whoever makes the run of the settled send again comes to it only when the next one was begun.
    const slow = world.another(
      {},
      {
        ports: (own) => ({
          ...own,
          ledger: new Proxy(own.ledger, {
            get(ledger, name) {
              const member: unknown = Reflect.get(ledger, name);
              if (name !== 'createRun') return (member as () => unknown).bind(ledger);
              return async (request: RunRequest) => {
                next = await changeAndBegin(1);
                return ledger.createRun(request);
              };
            },
          }),
        }),
      },
    ).engine;
    await expect(slow.submit(submissionOf(stale))).rejects.toMatchObject({ code: 'RUN_IN_PROGRESS' });
    const failed = { begunAt: stale.begunAt, code: 'NOT_FOUND', message: 'Too late.', now };
    await world.mirrors.failSend(feed.id, failed);
    const { runId: second } = await world.engine.submit(submissionOf(next!));
    await world.waitFor(second!);
    expect(executed).toEqual(['host1.example.com', 'host2.example.com']);
  });
});
