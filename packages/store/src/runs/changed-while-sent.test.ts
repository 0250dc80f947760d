import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { ObjectId, PluginObject } from '@drover/model';
import { type EngineWorld, describeDatabases, openEngineWorld } from '@drover/testing';

const STEP = { trigger: 'schedule', stepKey: 'nightly' } as const;

describeDatabases('a step that offers what has changed', (open) => {
  let world: EngineWorld;
  let during: (object: PluginObject) => Promise<void>;
  let writeBack: object | undefined;

  beforeEach(async () => {
    during = async () => undefined;
    writeBack = undefined;
    world = await openEngineWorld(await open(), {
      objects: 2,
      manifest: { inputMode: 'changed', reads: ['Score', 'Tag'] },
      script: {
        execute: async (objects: PluginObject[]) => {
          await during(objects[0]!);
          return objects.map(({ id }) => ({
            objectId: id,
            status: 'succeeded',
            ...(writeBack === undefined ? {} : { writeBack }),
          }));
        },
      },
    });
    await world.engine.start();
  });
  afterEach(() => world.close());

  async function edit(id: string, value: number): Promise<void> {
    const attributes = [{ name: 'Score', value }];
    await world.objects.edit(id as ObjectId, { source: 'analyst', at: new Date(), attributes });
  }

  /** How many objects the next pass of the step has. */
  async function offered(): Promise<number> {
    const { runId } = await world.engine.submit({ ...world.submission, ...STEP });
    return runId === undefined ? 0 : (await world.waitFor(runId)).summary.counts.succeeded;
  }

  it.each([undefined, { attributes: [{ name: 'Tag', value: 'seen' }] }])(
    'offers again what somebody changed while it was sent, with a write-back of %j',
    async (own) => {
      writeBack = own;
      during = ({ id }) => edit(id, 90);
      await world.run(STEP);
      during = async () => undefined;
      expect([await offered(), await offered()]).toEqual([1, 0]);
    },
  );

  it('does not take its own write-back for a change', async () => {
    writeBack = { attributes: [{ name: 'Tag', value: 'seen' }], status: 'Reviewed' };
    await world.run(STEP);
    expect(await offered()).toBe(0);
  });
});
