import { afterEach, describe, expect, it } from '@jest/globals';
import type { ClaimedTask, Settlement } from '@drover/engine';
import type { TaskId } from '@drover/model';
import { type EngineWorld, describeDatabases, openEngineWorld } from '@drover/testing';
import { sql } from 'kysely';
import { COPIED_TABLES } from '../copy/copied-tables.js';
import { KyselyCallJournal } from '../journal/kysely-call-journal.js';

const FIGURES = { vendorCalls: 7, vendorWrites: 7, waitedMs: 7 };
const NOW = new Date('2026-03-01T12:00:00.000Z');
const LATER = new Date(NOW.getTime() + 5_000);
const FAULT = { code: 'VENDOR_UNAVAILABLE', message: 'The vendor is away.' };

/** Everything that is stored, but for the evidence. */
async function stored({ database: { kysely } }: EngineWorld): Promise<Record<string, unknown[]>> {
  const tables = Object.keys(COPIED_TABLES).filter((name) => name !== 'journal');
  const entries: [string, unknown[]][] = [];
  for (const table of tables) {
    entries.push([table, (await sql`select * from ${sql.table(table)} order by 1, 2`.execute(kysely)).rows]);
  }
  return Object.fromEntries(entries);
}

/** All that a worker can do with a task, as one does that has been away for long. */
const DOINGS: Record<string, (world: EngineWorld, late: ClaimedTask) => Promise<unknown>> = {
  'settling its batch with all that a settlement may hold': async (world, task) =>
    world.ledger.settleBatch(await settlementOf(world, task), {
      claimNext: { owner: 'late', leaseMs: 60_000, now: LATER },
    }),
  'settling a part of it': async (world, task) =>
    world.ledger.settleBatch({ ...(await settlementOf(world, task)), partial: true }),
  'settling what was prepared': ({ ledger }, task) => ledger.settlePrepare(task, { late: true }, FIGURES),
  'putting it off': ({ ledger }, task) =>
    ledger.postpone(task, { dueAt: LATER, parkedAt: LATER, fault: FAULT, figures: FIGURES }),
  'starting it over': ({ ledger }, task) => ledger.restartWhole(task),
  'ending its run': ({ ledger }, task) => ledger.endRun(task, { figures: FIGURES }),
};

async function settlementOf({ ledger }: EngineWorld, task: ClaimedTask): Promise<Settlement> {
  const placed = await ledger.objectsOf(task.run.passId, task.ranges);
  const [first, second, third, ...rest] = placed.map(({ position, objectSeq }) => ({ position, objectSeq }));
  const write = { objectSeq: first!.objectSeq, source: 'Acme', at: LATER };
  const parked = { ...third!, token: 'job', since: NOW, dueAt: LATER, polls: 0, failures: 0 };
  const quarantined = {
    objectSeq: second!.objectSeq,
    revision: 1,
    version: '1.0.0',
    fault: FAULT,
    attempts: 2,
  };
  return {
    task,
    outcomes: [
      { ...first!, status: 'succeeded' },
      { ...second!, status: 'failed', ...FAULT },
    ],
    attributes: [{ ...write, name: 'Tag', value: 'late', mode: 'replace' }],
    statuses: [{ ...write, status: 'late' }],
    figures: FIGURES,
    again: { positions: [rest[0]!.position], dueAt: LATER },
    suspects: [[rest[1]!.position]],
    quarantined: [{ ...quarantined, log: [] }],
    parked: [parked],
    deferred: [{ from: rest[2]!.position, to: rest[2]!.position + 1 }],
    runFault: FAULT,
    cleanFirst: true,
    reads: [],
  };
}

describeDatabases('a worker that comes back after its lease', (open) => {
  let world: EngineWorld;
  afterEach(() => world.close());

  const claimAs = async (owner: string, now: Date): Promise<ClaimedTask> =>
    (await world.ledger.claim({ owner, leaseMs: 1_000, now })).task!;

  /** The first batch of a run, claimed by one worker and freed by its silence. */
  async function lateTask(): Promise<ClaimedTask> {
    world = await openEngineWorld(await open(), { objects: 20, engine: { now: () => NOW } });
    await world.engine.submit(world.submission);
    await world.ledger.settlePrepare(await claimAs('late', NOW), null, FIGURES);
    const task = await claimAs('late', NOW);
    expect(await world.ledger.reap({ now: LATER })).toBe(1);
    return task;
  }

  async function evidence(): Promise<unknown[]> {
    const query = world.database.kysely.selectFrom('journal').select(['task_id', 'lease_token', 'answer']);
    return query.where('kind', '=', 'late').execute();
  }

  describe.each([
    ['nobody has taken the task up', async () => undefined],
    ['another has', async () => void (await claimAs('next', LATER))],
    [
      'another has settled it',
      async () => {
        const task = await claimAs('next', LATER);
        const placed = await world.ledger.objectsOf(task.run.passId, task.ranges);
        const outcomes = placed.map((one) => ({
          position: one.position,
          objectSeq: one.objectSeq,
          status: 'succeeded' as const,
        }));
        const base = { attributes: [], statuses: [], figures: FIGURES, reads: [] };
        await world.ledger.settleBatch({ ...base, task, outcomes });
      },
    ],
  ])('while %s', (_, meanwhile) => {
    it('changes nothing, whatever it does, and leaves evidence', async () => {
      const task = await lateTask();
      await meanwhile();
      const before = await stored(world);
      for (const [what, doing] of Object.entries(DOINGS)) {
        await expect(doing(world, task).catch((fault: unknown) => [what, fault])).resolves.toEqual([
          what,
          expect.objectContaining({ code: 'LEASE_LOST' }),
        ]);
      }
      await world.ledger.appendLog(task, [{ level: 'warn', message: 'said late' }]);
      expect(await world.ledger.renewLeases('late', [task.id], { leaseMs: 60_000, now: LATER })).toEqual([]);
      expect(await stored(world)).toEqual(before);
      const kept = await evidence();
      expect(kept).toHaveLength(Object.keys(DOINGS).length + 1);
      expect(kept[0]).toMatchObject({ task_id: task.id, lease_token: task.leaseToken });
      expect(JSON.stringify(kept)).toContain('succeeded');
      expect(JSON.stringify(kept)).toContain('said late');
    });

    it('records no call that is about to leave', async () => {
      const task = await lateTask();
      await meanwhile();
      const [first] = await world.ledger.objectsOf(task.run.passId, task.ranges);
      const { leaseToken, id: taskId, run } = task;
      const intent = { taskId, leaseToken, runId: run.id, objectSeq: first!.objectSeq, call: 'add', at: NOW };
      await expect(new KyselyCallJournal(world.database).record(intent)).rejects.toMatchObject({
        code: 'LEASE_LOST',
      });
    });
  });

  it('that is the same one with a new lease keeps its log apart, too', async () => {
    const task = await lateTask();
    const anew = await claimAs('late', LATER);
    expect([anew.id, anew.leaseToken]).toEqual([task.id, task.leaseToken + 1] as [TaskId, number]);
    await world.ledger.appendLog(task, [{ level: 'warn', message: 'of before' }]);
    await world.ledger.appendLog(anew, [
      { level: 'info', message: 'first' },
      { level: 'info', message: 'second' },
    ]);
    const events = await world.ledger.events(task.run.id, 0);
    const logged = events.filter(({ kind }) => kind === 'log').map(({ data }) => data.message);
    expect(logged).toEqual(['first', 'second']);
  });
});
