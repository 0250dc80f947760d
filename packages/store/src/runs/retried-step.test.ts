import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { PluginObject } from '@drover/model';
import { type EngineWorld, describeDatabases, openEngineWorld } from '@drover/testing';

const STEP = { trigger: 'schedule', stepKey: 'nightly' } as const;
/** A failed object is offered to its step again after 5 minutes. */
const BACK_OFF_MS = 6 * 60_000;

describeDatabases('a retry of a step’s run', (open) => {
  let world: EngineWorld;
  let sent: string[];
  let failing: ReadonlySet<string>;
  let ahead: number;

  beforeEach(async () => {
    sent = [];
    ahead = 0;
    world = await openEngineWorld(await open(), {
      objects: 3,
      engine: { now: () => new Date(Date.now() + ahead) },
      script: {
        execute: async (objects: PluginObject[]) => {
          sent.push(...objects.map(({ value }) => value));
          return objects.map(({ id, value }) => ({
            objectId: id,
            ...(failing.has(value)
              ? { status: 'failed', code: 'VENDOR_REFUSED', message: 'As ordered.' }
              : { status: 'succeeded' }),
          }));
        },
      },
    });
    await world.engine.start();
  });
  afterEach(() => world.close());

  it('sends what failed, but not what the step’s next pass has sent since', async () => {
    failing = new Set(['host0.example.com', 'host1.example.com']);
    const first = await world.run(STEP);
    expect(first.summary.counts).toMatchObject({ succeeded: 1, failed: 2 });
    failing = new Set(['host1.example.com']);
    ahead = BACK_OFF_MS;
    const next = await world.run(STEP);
    expect(next.summary.counts).toMatchObject({ succeeded: 1, failed: 1 });

    failing = new Set();
    sent = [];
    const retried = await world.waitFor(await world.engine.retry(first.id));
    expect([retried.status, sent]).toEqual(['succeeded', ['host1.example.com']]);
    for (const { id } of [first, next]) {
      await expect(world.engine.retry(id)).rejects.toMatchObject({ code: 'NOTHING_TO_RETRY' });
    }
  });
});
