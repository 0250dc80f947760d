import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import type { ClaimedTask, Settlement, Worker } from '@drover/engine';
import type { RunId } from '@drover/model';
import { type EngineWorld, describeDatabases, openEngineWorld } from '@drover/testing';

const FIGURES = { vendorCalls: 0, vendorWrites: 0, waitedMs: 0 };

describeDatabases('settling a batch and claiming the next task', (open) => {
  let world: EngineWorld;

  afterEach(() => world.close());

  async function openWorld(concurrency: number, objects = 30): Promise<void> {
    const limits = {
      objectsPerRun: { default: objects, max: objects },
      batch: { objects: 10 },
      concurrency,
      exclusiveBy: ['/list'],
    };
    world = await openEngineWorld(await open(), { objects, manifest: { limits } });
  }

  function worker(): Worker {
    return { owner: 'worker', leaseMs: 10_000, now: new Date() };
  }

  async function submit(config: Record<string, unknown>): Promise<RunId> {
    return (await world.engine.submit({ ...world.submission, config })).runId!;
  }

  async function claim(): Promise<ClaimedTask> {
    return (await world.ledger.claim(worker())).task!;
  }

  /** The first batch of the run that is claimed next. */
  async function firstBatch(): Promise<ClaimedTask> {
    await world.ledger.settlePrepare(await claim(), null, FIGURES);
    return claim();
  }

  async function settlementOf(task: ClaimedTask): Promise<Settlement> {
    const placed = await world.ledger.objectsOf(task.run.passId, task.ranges);
    const outcomes = placed.map(({ position, objectSeq }) => ({
      position,
      objectSeq,
      status: 'succeeded' as const,
    }));
    return { task, outcomes, attributes: [], statuses: [], figures: FIGURES, reads: [] };
  }

  async function settleAndClaim(task: ClaimedTask) {
    return world.ledger.settleBatch(await settlementOf(task), { claimNext: worker() });
  }

  /** The object as it is with this revision. */
  async function putIntoQuarantine({ run }: ClaimedTask, objectSeq: number, revision: number): Promise<void> {
    const of = { run_id: run.id, plugin_id: run.pluginId, bundle_digest: run.bundleDigest };
    const evidence = { version: '1.0.0', fault: '{}', attempts: 3, log: '[]', at: 0 };
    const row = { id: `quarantined ${objectSeq}`, object_seq: objectSeq, revision, ...of, ...evidence };
    await world.database.kysely.insertInto('quarantine').values(row).execute();
  }

  test('goes from batch to batch within the concurrency, and on to the end of the run', async () => {
    await openWorld(1);
    const runId = await submit({});
    const first = await firstBatch();
    const second = (await settleAndClaim(first))!.task!;
    expect(second).toMatchObject({ kind: 'batch', batchIndex: first.batchIndex + 1, leaseToken: 1 });
    expect(second.ranges).toEqual([{ from: 10, to: 20 }]);
    expect((await world.ledger.run(runId))!.summary.counts.succeeded).toBe(10);
    expect((await world.ledger.claim(worker())).task).toBeUndefined();
    const third = (await settleAndClaim(second))!.task!;
    expect((await settleAndClaim(third))!.task).toMatchObject({ kind: 'finish' });
  });

  test('asks for nothing more when nobody does', async () => {
    await openWorld(1);
    await submit({});
    const first = await firstBatch();
    await expect(world.ledger.settleBatch(await settlementOf(first))).resolves.toBeUndefined();
    expect((await claim()).ranges).toEqual([{ from: 10, to: 20 }]);
  });

  test('turns to the run with the fewest tasks in flight', async () => {
    await openWorld(2);
    const large = await submit({ list: 'a' });
    const [first, other] = [await firstBatch(), await claim()];
    const small = await submit({ list: 'b' });
    expect([first.run.id, other.run.id]).toEqual([large, large]);
    expect((await settleAndClaim(first))!.task).toMatchObject({ kind: 'prepare', run: { id: small } });
  });

  test('leaves a run whole whose next batch it does not take', async () => {
    await openWorld(2, 50);
    const large = await submit({ list: 'a' });
    const [first, other] = [await firstBatch(), await claim()];
    await submit({ list: 'b' });
    expect((await settleAndClaim(first))!.task).toMatchObject({ kind: 'prepare' });
    const next = (await settleAndClaim(other))!.task!;
    expect(next).toMatchObject({ run: { id: large }, ranges: [{ from: 20, to: 30 }] });
    await world.ledger.requestCancel(large, { atOnce: false });
    expect((await settleAndClaim(next))!.task).toMatchObject({ kind: 'finish', run: { id: large } });
    const left = await world.database.kysely.selectFrom('pass_ranges').selectAll().execute();
    expect(left).toMatchObject([{ from_position: 30, to_position: 50 }]);
  });

  test('brings the objects of the next batch along, and reads them anew for whoever asks again', async () => {
    await openWorld(1);
    await submit({});
    const first = await firstBatch();
    const [held, changed] = await world.ledger.objectsOf(first.run.passId, [{ from: 12, to: 14 }]);
    await putIntoQuarantine(first, held!.objectSeq, 1);
    await putIntoQuarantine(first, changed!.objectSeq, 2);
    const second = (await settleAndClaim(first))!.task!;
    const placed = await world.ledger.objectsOf(second.run.passId, second.ranges);
    expect(placed.map(({ object }) => object!.value).at(0)).toBe('host10.example.com');
    expect(await world.ledger.batchOf(second)).toEqual({ placed, quarantined: new Set([held!.objectSeq]) });
    await world.database.kysely.deleteFrom('quarantine').execute();
    expect(await world.ledger.batchOf(second)).toEqual({ placed, quarantined: new Set() });
  });

  test('leaves a run alone whose exclusive key another one holds', async () => {
    await openWorld(1);
    const holder = await submit({ list: 'a', n: 1 });
    const excluded = await submit({ list: 'a', n: 2 });
    expect((await settleAndClaim(await firstBatch()))!.task).toMatchObject({ run: { id: holder } });
    expect((await world.ledger.run(excluded))!.hold).toEqual({ liveTasks: 0, behind: { runId: holder } });
  });

  test('keeps the settlement when the claim fails', async () => {
    await openWorld(2);
    const runId = await submit({ list: 'a' });
    const [first] = [await firstBatch(), await claim()];
    const broken = await submit({ list: 'b' });
    const { kysely } = world.database;
    await kysely.updateTable('runs').set({ limits: 'no JSON' }).where('id', '=', broken).execute();
    await expect(settleAndClaim(first)).resolves.toBeUndefined();
    expect((await world.ledger.run(runId))!.summary.counts.succeeded).toBe(10);
    expect((await world.ledger.run(broken))!.status).toBe('queued');
  });

  test('claims nothing for a result that comes too late', async () => {
    await openWorld(1);
    const runId = await submit({});
    const first = await firstBatch();
    await world.ledger.reap({ now: new Date(), onlyOwner: 'another' });
    await expect(settleAndClaim(first)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect((await world.ledger.run(runId))!.hold.liveTasks).toBe(0);
  });

  /** Claims while somebody else has the run in hand for so long. */
  async function claimBesideHolder(runId: RunId, heldMs: number) {
    const { kysely } = world.database;
    return kysely.transaction().execute(async (trx) => {
      await trx.updateTable('runs').set({ waited_ms: 0 }).where('id', '=', runId).execute();
      const claimed = world.ledger.claim(worker());
      await sleep(heldMs);
      return { claimed };
    });
  }

  test('waits for a run that somebody else has in hand when there is no other', async () => {
    await openWorld(1);
    const runId = await submit({});
    const { claimed } = await claimBesideHolder(runId, 100);
    expect((await claimed).task).toMatchObject({ kind: 'prepare', run: { id: runId } });
  });

  test('gives up on a run that stays in hand, where transactions do not wait for the whole database', async () => {
    await openWorld(1);
    const { claimed } = await claimBesideHolder(await submit({}), 1_200);
    const isGivenUp = (await claimed).task === undefined;
    expect(isGivenUp).toBe(world.database.traits.rowLocks);
  });
});
