import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { PluginObject } from '@drover/model';
import { type EngineWorld, describeDatabases, openEngineWorld } from '@drover/testing';
import type { Database } from '../database/database.js';

const OBJECTS = 20;
const ASKERS = 4;

// Workflow engines ask when they like, through as many processes as there are: what one of them gets, no other may get as well.
describeDatabases('what several ask for at the same time', (open) => {
  let database: Database;
  let world: EngineWorld;
  let executed: string[];
  let status: string;

  beforeEach(async () => {
    executed = [];
    status = 'succeeded';
    database = await open();
    const execute = async (objects: PluginObject[]) => {
      executed.push(...objects.map(({ id }) => id));
      return objects.map(({ id }) => ({ objectId: id, status, ...(status === 'failed' ? FAILED : {}) }));
    };
    world = await openEngineWorld(database, { objects: OBJECTS, script: { execute } });
  });
  afterEach(() => world.close());

  /** Asks so often at once; the results, and the codes of those that were refused. */
  async function atOnce<Result>(ask: () => Promise<Result>): Promise<{ given: Result[]; refused: string[] }> {
    const told = await Promise.allSettled(Array.from({ length: ASKERS }, ask));
    return {
      given: told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      refused: told.flatMap((one) => (one.status === 'rejected' ? [one.reason.code ?? one.reason] : [])),
    };
  }

  const OTHERS = Array.from({ length: ASKERS - 1 }, () => 'RUN_IN_PROGRESS');

  it('is one run over the next slice of the pass, while what was asked before executes', async () => {
    await world.engine.start();
    for (let round = 0; round < 5; round += 1) {
      const { given, refused } = await atOnce(() =>
        world.engine.submit({ ...world.submission, objectsPerRun: 5 }),
      );
      expect(given.length).toBeGreaterThan(0);
      expect(refused.filter((code) => code !== 'RUN_IN_PROGRESS')).toEqual([]);
      for (const { runId } of given) await world.waitFor(runId!);
    }
    const outcomes = await database.kysely
      .selectFrom('outcomes')
      .innerJoin('runs', 'runs.id', 'outcomes.run_id')
      .select(['pass_id', 'position'])
      .execute();
    const places = outcomes.map((row) => `${row.pass_id} ${row.position}`);
    expect(places.length).toBeGreaterThanOrEqual(5 * 5);
    expect(new Set(places).size).toBe(places.length);
    expect(executed).toHaveLength(places.length);
  });

  it('is one run of one pass while nobody executes', async () => {
    const { given, refused } = await atOnce(() => world.engine.submit(world.submission));
    expect(given).toHaveLength(1);
    expect(refused).toEqual(OTHERS);
    expect(await database.kysely.selectFrom('passes').select('id').execute()).toEqual([
      { id: given[0]!.pass.id },
    ]);
  });

  it('is one open pass when each of them offers the collection anew', async () => {
    const { given, refused } = await atOnce(() =>
      world.engine.submit({ ...world.submission, restart: true }),
    );
    expect(given).toHaveLength(1);
    expect(refused).toEqual(OTHERS);
    await world.engine.start();
    expect(await world.waitFor(given[0]!.runId!)).toMatchObject({
      status: 'succeeded',
      summary: { counts: { succeeded: OBJECTS }, remaining: 0 },
    });
  });

  it('is one retry', async () => {
    await world.engine.start();
    status = 'failed';
    const { id } = await world.run();
    status = 'succeeded';
    executed = [];
    await world.engine.stop();
    const { given, refused } = await atOnce(() => world.engine.retry(id));
    expect(given).toHaveLength(1);
    expect(refused).toEqual(OTHERS);
  });

  it('is a retry or the next pass, and not both over the same objects', async () => {
    await world.engine.start();
    status = 'failed';
    const { id } = await world.run();
    status = 'succeeded';
    await world.engine.stop();
    const asked = [
      () => world.engine.retry(id),
      async () => (await world.engine.submit(world.submission)).runId,
      () => world.engine.retry(id),
      async () => (await world.engine.submit({ ...world.submission, restart: true })).runId,
    ];
    const { given, refused } = await atOnce(() => asked.shift()!());
    expect(given).toHaveLength(1);
    expect(refused).toEqual(OTHERS);
  });

  it('is one run that applies a plan', async () => {
    await world.engine.start();
    const plan = await world.run({ plan: true });
    await world.engine.stop();
    const { given, refused } = await atOnce(() => world.engine.applyPlan(plan.id));
    expect(given).toHaveLength(1);
    expect(refused).toEqual(OTHERS);
  });

  it('is refused when the pass was given up, or came to its end, before the run was made of it', async () => {
    const first = await world.engine.submit(world.submission);
    const request = {
      passId: first.pass.id,
      trigger: 'manual' as const,
      mode: 'apply' as const,
      objectsPerRun: 5,
      limits: { batchObjects: 5, batchBytes: 1_000, concurrency: 1 },
    };
    await world.engine.start();
    await world.waitFor(first.runId!);
    await expect(world.ledger.createRun(request as never)).rejects.toMatchObject({
      code: 'RUN_IN_PROGRESS',
      message: expect.stringContaining('ask again'),
    });
    expect((await world.ledger.listRuns({ limit: 10 })).data).toHaveLength(1);
  });
});

const FAILED = { code: 'VENDOR_REFUSED', message: 'As ordered.' };
