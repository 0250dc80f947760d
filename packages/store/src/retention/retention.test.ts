import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { forgetAll } from '@drover/engine';
import { type PluginObject, type Run, type RunId, newId } from '@drover/model';
import { type EngineWorld, describeDatabases, openEngineWorld } from '@drover/testing';
import { sql } from 'kysely';
import type { Database } from '../database/database.js';
import { KyselyRetention } from './kysely-retention.js';

const DAY_MS = 24 * 3_600_000;

describeDatabases('retention', (open) => {
  let database: Database;
  let world: EngineWorld;
  let outcome: object;

  beforeEach(async () => {
    database = await open();
    outcome = { status: 'succeeded', writeBack: { attributes: [{ name: 'Tag', value: 'one' }] } };
  });
  afterEach(() => world.close());

  async function openWorld(options: Parameters<typeof openEngineWorld>[1] = {}): Promise<void> {
    const execute = async (objects: PluginObject[]) =>
      objects.map(({ id }) => ({ objectId: id, ...outcome }));
    world = await openEngineWorld(database, { objects: 25, script: { execute }, ...options });
    await world.engine.start();
  }

  /** A time between what was done and what comes. */
  async function between(): Promise<Date> {
    await sleep(5);
    const time = new Date();
    await sleep(5);
    return time;
  }

  const forget = (before: Date) => forgetAll(new KyselyRetention(database), before);

  /** The rows by table that name the run or its pass, but for values in force: those keep saying where they are from. */
  async function rowsOf({ id, passId }: Run): Promise<Record<string, number>> {
    const rows: Record<string, number> = {};
    for (const { name: table, columns } of await database.kysely.introspection.getTables()) {
      if (table === 'attributes') continue;
      const named = columns.map(({ name }) => name);
      const isOf = [
        ...(named.includes('run_id') ? [sql`run_id = ${id}`] : []),
        ...(named.includes('pass_id') ? [sql`pass_id = ${passId}`] : []),
        ...(named.includes('id') ? [sql`id in (${id}, ${passId})`] : []),
      ];
      if (isOf.length === 0) continue;
      const found = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}
        where ${sql.join(isOf, sql` or `)}`.execute(database.kysely);
      if (found.rows[0]!.n > 0) rows[table] = found.rows[0]!.n;
    }
    return rows;
  }

  it('forgets a run with all that belongs to it, and nothing of a later one', async () => {
    await openWorld();
    const old = await world.run();
    const before = await between();
    outcome = { status: 'succeeded', writeBack: { attributes: [{ name: 'Tag', value: 'two' }] } };
    const young = await world.run();
    const youngRows = await rowsOf(young);
    expect(await rowsOf(old)).toMatchObject({ runs: 1, passes: 1, outcomes: 25, pass_items: 25 });

    const first = await forget(before);
    expect(first).toEqual({ runs: 1, commands: 0, pulls: 0, values: 25, conflicts: 0 });
    expect(await rowsOf(old)).toEqual({});
    expect(await rowsOf(young)).toEqual(youngRows);
    expect(await world.ledger.run(old.id)).toBeUndefined();
    const { data } = await world.engine.listRuns({ limit: 10 });
    expect(data.map(({ id }) => id)).toEqual([young.id]);
    expect(await forget(before)).toMatchObject({ runs: 0, values: 0 });
  });

  it('keeps what is in force, and what ran over it goes on', async () => {
    await openWorld();
    await world.run();
    await forget(await between());
    const { rows } = await sql<{
      n: number;
    }>`select count(*) as n from attributes where name = 'Tag'`.execute(database.kysely);
    expect(rows[0]!.n).toBe(25);
    expect(await world.run()).toMatchObject({ summary: { counts: { succeeded: 25 } } });
  });

  it('keeps runs with an unknown object, of a pass with objects to offer, that are open, or that were retried since', async () => {
    await openWorld();
    const unknown = await world.run();
    await database.kysely.updateTable('runs').set({ unknown: 1 }).where('id', '=', unknown.id).execute();
    const slice = await world.run({ objectsPerRun: 10 });
    expect(await forget(await between())).toMatchObject({ runs: 0 });

    const rest = await world.run();
    expect(rest.passId).toBe(slice.passId);
    outcome = { status: 'failed', code: 'VENDOR_REFUSED', message: 'As ordered.' };
    const failed = await world.run();
    const before = await between();
    await world.waitFor(await world.engine.retry(failed.id));
    await world.engine.stop();
    const { runId } = await world.engine.submit(world.submission);
    expect(await forget(before)).toMatchObject({ runs: 2 });
    const kept = async (id: RunId) => (await world.ledger.run(id)) !== undefined;
    expect([await kept(slice.id), await kept(rest.id)]).toEqual([false, false]);
    expect([await kept(unknown.id), await kept(failed.id), await kept(runId!)]).toEqual([true, true, true]);
    expect(await forget(await between())).toMatchObject({ runs: 2 });
    expect([await kept(unknown.id), await kept(runId!)]).toEqual([true, true]);
  });

  it('forgets plans that nobody has applied', async () => {
    await openWorld({
      manifest: { calls: [] },
    });
    const plan = await world.run({ plan: true });
    expect(await forget(await between())).toMatchObject({ runs: 1 });
    expect(await rowsOf(plan)).toEqual({});
    await expect(world.engine.applyPlan(plan.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  /** With runs whose belongings leave in several transactions. */
  const openLargeWorld = () =>
    openWorld({
      objects: 4_500,
      manifest: { limits: { objectsPerRun: { default: 10_000, max: 10_000 }, batch: { objects: 500 } } },
    });

  it('goes on where it was killed, and shows no half of a run meanwhile', async () => {
    await openLargeWorld();
    await world.run();
    await forget(await between());
    // What the planner learns of tables while they are empty, it holds for true until it looks again.
    await sql`analyze`.execute(database.kysely);
    const run = await world.run();
    const before = await between();
    let steps = 0;
    for (;;) {
      // Each step by a process of its own, as if the one before had died after it.
      const { isDone } = await new KyselyRetention(database).forgetSome(before);
      if (isDone) break;
      steps += 1;
      expect(await world.ledger.run(run.id)).toBeUndefined();
    }
    expect(steps).toBeGreaterThanOrEqual(7);
    expect(await rowsOf(run)).toEqual({});
    expect(await database.kysely.selectFrom('forgotten').selectAll().execute()).toEqual([]);
  });

  it('forgets each thing once when several do it at the same time', async () => {
    await openWorld();
    const runs = [await world.run(), await world.run(), await world.run()];
    const before = await between();
    const reports = await Promise.all([forget(before), forget(before), forget(before)]);
    expect(reports.reduce((sum, report) => sum + report.runs, 0)).toBe(runs.length);
    for (const run of runs) expect(await rowsOf(run)).toEqual({});
  });

  it('leaves nothing of a large run behind when several do it at the same time', async () => {
    await openLargeWorld();
    const run = await world.run();
    const before = await between();
    await Promise.all([forget(before), forget(before), forget(before)]);
    expect(await rowsOf(run)).toEqual({});
  });

  it('takes no run away from under a retry', async () => {
    await openWorld();
    for (let round = 0; round < 5; round += 1) {
      outcome = { status: 'failed', code: 'VENDOR_REFUSED', message: 'As ordered.' };
      const failed = await world.run();
      outcome = { status: 'succeeded' };
      const before = await between();
      const [retried] = await Promise.allSettled([world.engine.retry(failed.id), forget(before)]);
      if (retried.status === 'rejected') {
        expect(retried.reason).toMatchObject({ code: 'NOT_FOUND' });
        expect(await rowsOf(failed)).toEqual({});
      } else {
        const run = await world.waitFor(retried.value);
        expect(run.summary.counts.succeeded).toBe(25);
        expect(await world.ledger.run(failed.id)).toBeDefined();
      }
    }
  });

  describe('of other records', () => {
    const time = Date.parse('2026-01-01T00:00:00Z');

    it('leaves commands that are not over, and the last pull of a feed', async () => {
      await openWorld({ objects: 0 });
      const command = (id: string, ended: number | null) => ({ ...COMMAND, id, ended_at: ended });
      await database.kysely
        .insertInto('command_runs')
        .values([command('cmd_1', time), command('cmd_2', time + DAY_MS), command('cmd_3', null)])
        .execute();
      const pull = (feed: string, at: number) => ({
        ...PULL,
        id: newId('pull'),
        feed_id: feed,
        created_at: at,
        ended_at: at,
      });
      const pulls = [pull('a', time), pull('a', time + 1), pull('b', time), pull('c', time + DAY_MS)];
      await database.kysely.insertInto('pulls').values(pulls).execute();
      await database.kysely
        .insertInto('pull_log')
        .values(pulls.map(({ id }) => ({ pull_id: id, at: time, level: 'info', message: 'x', fields: null })))
        .execute();

      expect(await forget(new Date(time + 1_000))).toEqual({
        runs: 0,
        commands: 1,
        pulls: 1,
        values: 0,
        conflicts: 0,
      });
      const left = async (table: 'command_runs' | 'pulls', column: 'id') =>
        (await database.kysely.selectFrom(table).select(column).orderBy(column).execute()).map(
          ({ id }) => id,
        );
      expect(await left('command_runs', 'id')).toEqual(['cmd_2', 'cmd_3']);
      expect(await left('pulls', 'id')).toEqual(pulls.slice(1).map(({ id }) => id));
      const logs = await database.kysely.selectFrom('pull_log').select('pull_id').orderBy('seq').execute();
      expect(logs.map(({ pull_id: id }) => id)).toEqual(pulls.slice(1).map(({ id }) => id));
    });

    it('goes through a history page by page, past what was said for a later time', async () => {
      await openWorld({ objects: 0 });
      const entry = (at: number) => ({ ...VALUE, at });
      const rows = Array.from({ length: 5_000 }, (_, n) => entry(n % 1_000 === 0 ? time + DAY_MS : time));
      for (let at = 0; at < rows.length; at += 1_000) {
        await database.kysely
          .insertInto('attribute_history')
          .values(rows.slice(at, at + 1_000))
          .execute();
      }
      expect(await forget(new Date(time + 1))).toMatchObject({ values: 4_995 });
      expect(await forget(new Date(time + 2 * DAY_MS))).toMatchObject({ values: 5 });
    });
  });

  it('is the scheduler’s, after so many days', async () => {
    await openWorld();
    const run = await world.run();
    const clock = { now: Date.now() + 29 * DAY_MS };
    const store = new KyselyRetention(database);
    const { engine } = world.another(
      {},
      { now: () => new Date(clock.now), ports: (own) => ({ ...own, retention: { store, days: 30 } }) },
    );
    await engine.startScheduler();
    expect(await world.ledger.run(run.id)).toBeDefined();
    // It looks again after a quarter of an hour.
    clock.now += 2 * DAY_MS;
    const deadline = performance.now() + 10_000;
    while ((await world.ledger.run(run.id)) !== undefined) {
      expect(performance.now()).toBeLessThan(deadline);
      await sleep(50);
    }
    expect(world.errors).toEqual([]);
  });
});

const COMMAND = {
  plugin_id: 'p',
  action_id: 1,
  version: '1.0.0',
  connection_id: 'c',
  mode: 'apply',
  trigger: 'manual',
  status: 'succeeded',
  input: '{}',
  config: '{}',
  owner: '{}',
  lease_until: 0,
  sent_call: null,
  fault: null,
  vendor_calls: 0,
  vendor_writes: 0,
  waited_ms: 0,
  output_bytes: null,
  output_digest: null,
  started_at: 0,
};

const PULL = {
  status: 'succeeded',
  trigger: 'manual',
  attempt: 1,
  tries: 0,
  deaths: 0,
  due_at: 0,
  waiting_since: null,
  lease_owner: null,
  lease_token: 1,
  lease_until: null,
  pages: 0,
  created: 0,
  updated: 0,
  unchanged: 0,
  duplicates: 0,
  rejected: 0,
  skipped: 0,
  absent: 0,
  forgotten: 0,
  vendor_calls: 0,
  waited_ms: 0,
  fault: null,
  started_at: 0,
};

const VALUE = {
  object_seq: 1,
  name: 'Tag',
  source: 'Test',
  kind: 'string',
  text_value: 'x',
  mode: 'replace',
  run_id: null,
  applied: 1 as const,
};
