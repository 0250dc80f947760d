import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { ClaimedTask, Settlement, Worker } from '@drover/engine';
import type { RunId } from '@drover/model';
import { type EngineWorld, behaviourManifest, describeDatabases, openEngineWorld } from '@drover/testing';
import type { Database } from '../database/database.js';
import { KyselyPluginLibrary } from '../plugins/kysely-plugin-library.js';
import { awaitConnection } from './room.js';
import { KyselyWorkWatch } from './work-watch.js';

const FIGURES = { vendorCalls: 0, vendorWrites: 0, waitedMs: 0 };
const CONCURRENCY = 2;

function ofTask(task: ClaimedTask): Settlement {
  return { task, outcomes: [], attributes: [], statuses: [], figures: FIGURES, reads: [] };
}

describeDatabases('the room for work over a connection', (open) => {
  let database: Database;
  let world: EngineWorld;
  let watch: KyselyWorkWatch;
  /** Whether the plugin takes objects one by one. */
  let oneByOne: boolean;

  beforeEach(async () => {
    oneByOne = false;
    database = await open();
    watch = new KyselyWorkWatch(database);
    const limits = {
      objectsPerRun: { default: 40, max: 40 },
      batch: { objects: 10 },
      concurrency: CONCURRENCY,
    };
    const other = behaviourManifest({ id: 'acme.untag-host', limits });
    world = await openEngineWorld(database, { objects: 40, manifest: { limits }, other });
  });
  afterEach(() => world.close());

  /** Each of them comes a millisecond after those before. */
  let ticks = 0;
  function worker(owner = 'worker'): Worker {
    ticks += 1;
    return { owner, leaseMs: 10_000, now: new Date(Date.now() + ticks) };
  }

  /** A run over the connection; each list is another one. */
  async function submit(list: string, pluginId = 'acme.tag-host'): Promise<RunId> {
    const plugin = (await new KyselyPluginLibrary(database).find(pluginId))!;
    return (await world.engine.submit({ ...world.submission, plugin, config: { list } })).runId!;
  }

  async function claim(owner?: string): Promise<ClaimedTask | undefined> {
    return (await world.ledger.claim(worker(owner))).task;
  }

  async function claimAll(): Promise<ClaimedTask[]> {
    const tasks: ClaimedTask[] = [];
    for (let task = await claim(); task !== undefined; task = await claim()) tasks.push(task);
    return tasks;
  }

  async function succeeded(task: ClaimedTask): Promise<Settlement['outcomes']> {
    const placed = await world.ledger.objectsOf(task.run.passId, task.ranges);
    return placed.map(({ position, objectSeq }) => ({ position, objectSeq, status: 'succeeded' }));
  }

  async function settle(task: ClaimedTask, owner?: string) {
    if (task.kind === 'prepare') {
      return void (await world.ledger.settlePrepare(task, null, FIGURES, { oneByOne }));
    }
    const outcomes = await succeeded(task);
    return world.ledger.settleBatch({ ...ofTask(task), outcomes }, { claimNext: worker(owner) });
  }

  /** The run's prepare hook has ended. */
  async function prepared(runId: RunId): Promise<RunId> {
    await settle((await claim())!);
    return runId;
  }

  async function limitConnection(concurrency: number): Promise<void> {
    const { id } = world.submission.connection;
    await database.kysely.updateTable('connections').set({ concurrency }).where('id', '=', id).execute();
  }

  async function makePull(): Promise<void> {
    const { connection, plugin } = world.submission;
    const feed = await world.feeds.create(
      {
        name: 'hosts of acme',
        pluginId: plugin.pluginId,
        connectionId: connection.id,
        collectionId: world.collection.id,
        config: {},
        everyMs: 900_000,
        absentAfter: 2,
      },
      { now: new Date() },
    );
    await world.feeds.request(feed.id, { now: new Date(), restart: false });
  }

  function claimPull() {
    return world.feeds.claim(worker());
  }

  it('is what the concurrency of a plugin leaves, whichever runs its tasks are of', async () => {
    const first = await prepared(await submit('a'));
    const second = await submit('b');
    const tasks = await claimAll();
    expect(tasks.map(({ run, kind }) => [run.id, kind])).toEqual([
      [first, 'batch'],
      [second, 'prepare'],
    ]);
    await settle(tasks[1]!);
    expect(await claim()).toMatchObject({ run: { id: second }, kind: 'batch' });
    const next = (await settle(tasks[0]!))!.task;
    expect(next).toMatchObject({ run: { id: first }, kind: 'batch' });
    expect(await claim()).toBeUndefined();
  });

  it('is left to other runs by one whose batches follow each other', async () => {
    const first = await prepared(await submit('a'));
    const { kysely } = database;
    const { limits } = await kysely.selectFrom('runs').select('limits').executeTakeFirstOrThrow();
    const inOrder = { ...(JSON.parse(limits) as object), runConcurrency: 1 };
    await kysely
      .updateTable('runs')
      .set({ limits: JSON.stringify(inOrder) })
      .execute();
    const [task, ...more] = await claimAll();
    expect([task!.run.id, more]).toEqual([first, []]);
    const second = await submit('b');
    expect(await claim()).toMatchObject({ run: { id: second }, kind: 'prepare' });
    expect((await settle(task!))!.task).toMatchObject({ run: { id: first }, kind: 'batch' });
    expect(await claim()).toBeUndefined();
  });

  it('is of each plugin by itself, and of each connection', async () => {
    await prepared(await submit('a'));
    await claimAll();
    const other = await submit('a', 'acme.untag-host');
    expect(await claim()).toMatchObject({ run: { id: other } });
  });

  it('is what the concurrency of the connection leaves, whichever plugins its tasks are of', async () => {
    await limitConnection(1);
    await submit('a');
    await submit('b', 'acme.untag-host');
    const turns: string[] = [];
    const room = { full: 'connection', concurrency: 1 };
    for (let task = await claim(); turns.length < 8; task = (await settle(task!))?.task ?? (await claim())) {
      turns.push(task!.run.id);
      const { data } = await world.ledger.listRuns({});
      expect(data.find(({ id }) => id !== task!.run.id)!.hold).toMatchObject({ behind: room });
      expect(await claim()).toBeUndefined();
    }
    // One after the other, so that neither waits for the end of the other.
    for (const [at, turn] of turns.slice(2).entries()) expect(turn).toBe(turns[at]);
    expect(new Set(turns).size).toBe(2);
  });

  it('is shared by runs and pulls', async () => {
    await limitConnection(1);
    await makePull();
    await submit('a');
    const task = (await claim())!;
    expect(await claimPull()).toBeUndefined();
    expect((await watch.due(new Date())).count).toBe(0);
    await world.ledger.settlePrepare(task, null, FIGURES);
    // The room is the pull's now.
    expect((await watch.due(new Date())).count).toBe(1);
    const pull = (await claimPull())!;
    expect(await claim()).toBeUndefined();
    expect((await watch.due(new Date())).count).toBe(0);
    await world.feeds.end(pull, { figures: { vendorCalls: 0, waitedMs: 0 }, now: new Date() });
    expect(await claim()).toBeDefined();
  });

  it('is one worker’s at a time where objects go one by one, over all runs of the plugin', async () => {
    oneByOne = true;
    const first = await prepared(await submit('a'));
    const task = (await claim('one'))!;
    expect([await claim('two'), await watch.due(new Date())]).toEqual([undefined, { count: 0 }]);
    const second = await submit('b');
    const prepare = (await claim('two'))!;
    expect(prepare).toMatchObject({ run: { id: second }, kind: 'prepare' });
    await settle(prepare);
    expect(await claim('two')).toBeUndefined();
    const more = (await claim('one'))!;
    expect(await settle(task, 'two')).not.toHaveProperty('task');
    await settle(more, 'two').then((next) => expect(next!.task!.kind).toBe('batch'));
    expect(await claim('one')).toBeUndefined();
    expect((await world.ledger.run(first))!.status).toBe('running');
  });

  it('does not begin a run that has none, which is not due either', async () => {
    await prepared(await submit('a'));
    const tasks = await claimAll();
    const waiting = await submit('b');
    expect(await claim()).toBeUndefined();
    const room = { full: 'plugin', concurrency: CONCURRENCY };
    expect(await world.ledger.run(waiting)).toMatchObject({ status: 'queued', hold: { behind: room } });
    expect((await world.ledger.run(tasks[0]!.run.id))!.hold).toEqual({ liveTasks: CONCURRENCY });
    expect(await watch.due(new Date())).toEqual({ count: 0 });
    await settle(tasks[0]!);
    const { data } = await world.ledger.listRuns({});
    expect(data[0]).toMatchObject({ id: waiting, status: 'running', hold: { liveTasks: 1 } });
    expect(data[0]!.hold).not.toHaveProperty('behind');
  });

  it('leaves others their turn behind any number of runs that have none', async () => {
    await prepared(await submit('a'));
    await claimAll();
    const row = await database.kysely.selectFrom('runs').selectAll().executeTakeFirstOrThrow();
    const many = Array.from({ length: 60 }, (_, n) => ({
      ...row,
      id: `run_${n}`,
      pass_id: `pass_${n}`,
      status: 'queued',
      started_at: null,
    }));
    await database.kysely.insertInto('runs').values(many).execute();
    const other = await submit('a', 'acme.untag-host');
    expect(await claim()).toMatchObject({ run: { id: other } });
  });

  it('does not keep a cancelled run from giving back what it has not begun; its end waits for room', async () => {
    const [first, second] = [await submit('a'), await submit('b')];
    for (const prepare of await claimAll()) await settle(prepare);
    await limitConnection(1);
    const task = (await claim())!;
    const other = task.run.id === first ? second : first;
    await world.ledger.requestCancel(other, { atOnce: false });
    expect(await claim()).toBeUndefined();
    const left = await database.kysely
      .selectFrom('run_ranges')
      .select('run_id')
      .where('run_id', '=', other)
      .execute();
    expect(left).toEqual([]);
    const next = (await settle(task))!.task!;
    const last = next.run.id === other ? next : (await settle(next))!.task;
    expect(last).toMatchObject({ run: { id: other }, kind: 'finish' });
    expect((await world.ledger.run(task.run.id))!.status).toBe('running');
  });

  it('is not needed by a cancelled run that was never prepared: its end calls nothing', async () => {
    await limitConnection(1);
    await prepared(await submit('a'));
    await claim();
    const queued = await submit('b');
    await world.ledger.requestCancel(queued, { atOnce: false });
    expect(await claim()).toMatchObject({ run: { id: queued }, kind: 'finish' });
    expect(await claim()).toBeUndefined();
  });

  it('is kept for a pull that was due before the last turn, while a worker would take it', async () => {
    await limitConnection(1);
    await prepared(await submit('a'));
    let task = await claim();
    await makePull();
    for (let turns = 0; turns < 2 && task !== undefined; turns += 1) {
      expect(await claimPull()).toBeUndefined();
      task = (await settle(task))?.task;
    }
    expect(task).toBeUndefined();
    expect(await claim()).toBeUndefined();
    const later = worker();
    const { task: nobodyTook } = await world.ledger.claim({ ...later, now: new Date(+later.now + 4_000) });
    expect(nobodyTook).toMatchObject({ kind: 'batch' });
    expect(await claimPull()).toBeUndefined();
    expect((await settle(nobodyTook!))!.task).toBeUndefined();
    expect(await claimPull()).toMatchObject({ feed: { name: 'hosts of acme' } });
    expect(await claim()).toBeUndefined();
  });

  it('is found by all who look for it at once', async () => {
    const lists = ['a', 'b', 'c', 'd'];
    await limitConnection(lists.length);
    for (const list of lists) {
      await submit(list);
      await submit(list, 'acme.untag-host');
    }
    const tasks = await Promise.all(lists.map((owner) => claim(owner)));
    expect(tasks.map((task) => task?.kind)).toEqual(lists.map(() => 'prepare'));
  });

  it('is waited for by whoever settles while somebody else takes work over the connection', async () => {
    const first = await prepared(await submit('a'));
    await limitConnection(5);
    const task = (await claim())!;
    // With a list of what it defers, the run does not simply go on.
    const settlement = { ...ofTask(task), outcomes: await succeeded(task), deferred: [] };
    let settling: ReturnType<typeof world.ledger.settleBatch> | undefined;
    await database.kysely.transaction().execute(async (trx) => {
      const id = world.submission.connection.id;
      await awaitConnection(trx, { id }, database.traits);
      settling = world.ledger.settleBatch(settlement, { claimNext: worker() });
      await sleep(150);
    });
    expect(await settling).toMatchObject({ task: { kind: 'batch', run: { id: first } } });
  });

  it('is never more than there is, however many take of it at once', async () => {
    for (const list of ['a', 'b', 'c', 'd']) await submit(list);
    let mostInHand = 0;
    const ended = new Set<string>();
    async function work(owner: string): Promise<void> {
      while (ended.size < 4) {
        const task = await claim(owner);
        const held = await watch.held(new Date());
        mostInHand = Math.max(mostInHand, held.length);
        for (let next = task; next !== undefined;) {
          if (next.kind === 'finish') {
            ended.add(next.run.id);
            await world.ledger.endRun(next, { figures: FIGURES });
            break;
          }
          next = (await settle(next))?.task;
          mostInHand = Math.max(mostInHand, (await watch.held(new Date())).length);
        }
      }
    }
    await Promise.all(['one', 'two', 'three', 'four', 'five', 'six'].map(work));
    expect(mostInHand).toBe(CONCURRENCY);
  });
});
