import { afterEach, expect, it } from '@jest/globals';
import type { PluginObject } from '@drover/model';
import { type EngineWorld, describeDatabases, openEngineWorld } from '@drover/testing';
import { takeCensus } from './census.js';

const succeed = (objects: PluginObject[]) => objects.map(({ id }) => ({ objectId: id, status: 'succeeded' }));

describeDatabases('the census', (open) => {
  let world: EngineWorld;
  afterEach(() => world.close());

  it('counts what stands open, and of what has ended only what is unknown', async () => {
    const database = await open();
    world = await openEngineWorld(database, { objects: 3, script: { execute: succeed } });
    const nothing = {
      openRuns: { queued: 0, running: 0, waiting: 0 },
      pending: 0,
      unknown: 0,
      quarantined: 0,
    };
    expect(await takeCensus(database)).toEqual({ ...nothing, databaseBytes: expect.any(Number) });
    expect((await takeCensus(database)).databaseBytes).toBeGreaterThan(100_000);

    const { runId } = await world.engine.submit(world.submission);
    const ofRun = database.kysely.updateTable('runs').where('id', '=', runId!);
    await ofRun.set({ pending: 2 }).execute();
    expect(await takeCensus(database)).toMatchObject({ openRuns: { queued: 1 }, pending: 2, unknown: 0 });
    await ofRun.set({ pending: 0 }).execute();

    await world.engine.start();
    await world.waitFor(runId!);
    await ofRun.set({ unknown: 4 }).execute();
    expect(await takeCensus(database)).toMatchObject({ ...nothing, unknown: 4 });
  });
});
