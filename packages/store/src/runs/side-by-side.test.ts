import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { livingWorkers } from '@drover/engine';
import type { PluginObject } from '@drover/model';
import { type EngineWorld, describeDatabases, openEngineWorld } from '@drover/testing';
import type { Database } from '../database/database.js';
import { KyselyLeases } from '../leases/leases.js';
import { KyselyWorkWatch } from './work-watch.js';

const succeed = (objects: PluginObject[]) => objects.map(({ id }) => ({ objectId: id, status: 'succeeded' }));
const never = () => false;

/** A gate that holds whoever comes until it is opened. */
function gate() {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const inside: string[] = [];
  const hold = (name: string) => ({
    execute: async (objects: PluginObject[]) => {
      inside.push(name);
      await opened;
      return succeed(objects);
    },
  });
  return { open, inside, hold };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('It did not come true within 10 s.');
    await sleep(5);
  }
}

describeDatabases('engines side by side', (open) => {
  let database: Database;
  let world: EngineWorld;
  let watch: KyselyWorkWatch;

  beforeEach(async () => {
    database = await open();
    watch = new KyselyWorkWatch(database);
  });
  afterEach(() => world.close());

  async function openWorld(options: Parameters<typeof openEngineWorld>[1]): Promise<EngineWorld> {
    world = await openEngineWorld(database, {
      objects: 20,
      ...options,
      engine: { shared: true, ...options?.engine },
    });
    return world;
  }

  it('share the batches of one run', async () => {
    const { open: release, inside, hold } = gate();
    await openWorld({ script: hold('left'), engine: { concurrency: 1 } });
    const right = world.another(hold('right')).engine;
    await world.engine.start({ role: 'worker' });
    await right.start({ role: 'worker' });
    const { runId } = await world.engine.submit(world.submission);
    await until(() => inside.length === 2);
    expect(inside.toSorted()).toEqual(['left', 'right']);

    const held = await watch.held(new Date());
    expect(held.map(({ owner }) => owner).toSorted()).toEqual(['engine-0', 'engine-1']);
    const living = await livingWorkers(new KyselyLeases(database), { isDead: never, now: new Date() });
    expect(living.map(({ owner, data }) => [owner, data.role])).toEqual([
      ['engine-0', 'worker'],
      ['engine-1', 'worker'],
    ]);
    release();
    const run = await world.waitFor(runId!);
    expect(run).toMatchObject({ status: 'succeeded', summary: { counts: { succeeded: 20 } } });
    expect(await watch.held(new Date())).toEqual([]);
  });

  it('a reserve executes only while nobody else does', async () => {
    const { inside, hold, open: release } = gate();
    release();
    await openWorld({ script: hold('worker') });
    const reserve = world.another(hold('reserve')).engine;
    await world.engine.start();
    await reserve.start({ asReserve: true });
    const first = await reserve.submit(world.submission);
    await world.waitFor(first.runId!);
    expect(new Set(inside)).toEqual(new Set(['worker']));
    expect(reserve.isExecuting).toBe(false);

    await world.engine.stop();
    const second = await reserve.submit(world.submission);
    await world.waitFor(second.runId!);
    expect(inside.at(-1)).toBe('reserve');
  });

  it('take up at once what a dead one held, and forget it', async () => {
    const { hold, inside, open: release } = gate();
    let isDead = false;
    const engine = {
      leaseMs: 60_000,
      isDead: (self: Record<string, unknown>) => isDead && self.engine === 1,
    };
    await openWorld({ script: { execute: succeed }, engine });
    // Its only place is taken for good: it does no more than a killed process would.
    const dying = world.another(hold('dying'), { concurrency: 1 }).engine;
    const { runId } = await world.engine.submit(world.submission);
    await dying.start();
    try {
      await until(() => inside.length > 0);
      isDead = true;
      await world.engine.start();
      const run = await world.waitFor(runId!);
      expect(run.summary.counts.succeeded).toBe(20);
      await until(async () => {
        const names = (await new KyselyLeases(database).list('worker:')).map(({ owner }) => owner);
        return names.join() === 'engine-0';
      });
    } finally {
      release();
    }
  });

  it('say what is due and not taken, but for runs that another one excludes', async () => {
    await openWorld({ script: { execute: succeed } });
    expect(await watch.due(new Date())).toEqual({ count: 0 });
    const before = new Date();
    const { runId } = await world.engine.submit(world.submission);
    const due = await watch.due(new Date());
    expect(due.count).toBe(1);
    expect(due.since!.getTime()).toBeGreaterThanOrEqual(before.getTime() - 1);

    await database.kysely
      .updateTable('runs')
      .set({ exclusive_key: 'list' })
      .where('id', '=', runId!)
      .execute();
    const lease = {
      name: 'exclusive:list',
      owner: 'run_other',
      token: 1,
      until: Number.MAX_SAFE_INTEGER,
      data: '{}',
    };
    await database.kysely.insertInto('leases').values(lease).execute();
    expect(await watch.due(new Date())).toEqual({ count: 0 });
    await database.kysely.deleteFrom('leases').where('name', '=', lease.name).execute();

    await world.engine.start();
    await world.waitFor(runId!);
    expect(await watch.due(new Date())).toEqual({ count: 0 });
  });

  it.each(['wait for a poll', 'are excluded'])('come to a run behind any number that %s', async (why) => {
    await openWorld({ script: { execute: succeed } });
    const { runId } = await world.engine.submit(world.submission);
    const row = await database.kysely.selectFrom('runs').selectAll().executeTakeFirstOrThrow();
    const older = Array.from({ length: 60 }, (_, n) => ({
      ...row,
      id: `run_${n}`,
      pass_id: `pass_${n}`,
      created_at: row.created_at - 1_000,
    }));
    if (why === 'are excluded') {
      const excluded = older.map((run) => ({ ...run, exclusive_key: 'list' }));
      await database.kysely.insertInto('runs').values(excluded).execute();
      const lease = { name: 'exclusive:list', owner: 'run_other', token: 1, until: 0, data: '{}' };
      await database.kysely.insertInto('leases').values(lease).execute();
    } else {
      const waiting = { status: 'waiting', phase: 'execute', pending: 1, started_at: 1 };
      await database.kysely
        .insertInto('runs')
        .values(older.map((run) => ({ ...run, ...waiting })))
        .execute();
      const pending = { ...PENDING, due_at: Date.now() + 3_600_000 };
      await database.kysely
        .insertInto('pending_objects')
        .values(older.map(({ id }) => ({ ...pending, run_id: id })))
        .execute();
    }
    await world.engine.start();
    expect(await world.waitFor(runId!)).toMatchObject({ status: 'succeeded' });
    const statuses = await database.kysely.selectFrom('runs').select('status').distinct().execute();
    expect(statuses.map(({ status }) => status).toSorted()).toEqual(
      ['succeeded', why === 'are excluded' ? 'queued' : 'waiting'].toSorted(),
    );
  });

  it('say what a dead worker has left', async () => {
    await openWorld({ script: { execute: succeed } });
    const { runId } = await world.engine.submit(world.submission);
    const claimedAt = new Date();
    const claimed = await world.ledger.claim({ owner: 'engine-9', leaseMs: 1_000, now: claimedAt });
    const taskId = claimed.task!.id;
    expect(await watch.held(claimedAt)).toEqual([
      expect.objectContaining({ owner: 'engine-9', taskId, runId, kind: 'prepare' }),
    ]);
    const later = new Date(claimedAt.getTime() + 5_000);
    expect(await watch.held(later)).toEqual([]);
    expect(await watch.due(later)).toEqual({ count: 1, since: new Date(claimedAt.getTime() + 1_000) });
    // Between two batches a run has no task; it is due all the same.
    await world.ledger.settlePrepare(claimed.task!, null, { vendorCalls: 0, vendorWrites: 0, waitedMs: 0 });
    expect(await watch.due(later)).toMatchObject({ count: 1, since: expect.any(Date) });
    await world.engine.start();
    await world.waitFor(runId!);
  });
});

const PENDING = {
  position: 0,
  object_seq: 1,
  token: '1',
  data: null,
  since: 1,
  polls: 0,
  failures: 0,
  fingerprint: null,
  task_id: null,
};
