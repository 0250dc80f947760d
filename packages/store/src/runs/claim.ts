import type { ClaimResult, PositionRange, RunLimits, TaskKind } from '@drover/engine';
import { OPEN_RUN_STATUSES, newId } from '@drover/model';
import { type Transaction, sql } from 'kysely';
import type { Database } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import { cutBatch, hasOpenRanges } from './cut-batch.js';
import { RUN_RANGES, defer } from './open-ranges.js';
import { type RunRow, type TaskRow, formatRanges, parseRanges, stopOf, toClaimedTask } from './rows.js';

type Trx = Transaction<Tables>;

export interface Worker {
  owner: string;
  leaseMs: number;
  now: number;
}

/** Runs looked at in one claim. */
const MAX_CANDIDATES = 50;

/** The name under which a started run holds its exclusive key. */
export function exclusiveLease(key: string): string {
  return `exclusive:${key}`;
}

export async function claim(database: Database, worker: Worker): Promise<ClaimResult> {
  const { kysely, traits } = database;
  const anyOpen = await kysely
    .selectFrom('runs')
    .select('id')
    .where('status', 'in', OPEN_RUN_STATUSES)
    .limit(1)
    .executeTakeFirst();
  if (anyOpen === undefined) return {};
  return kysely.transaction().execute(async (trx) => {
    for (const id of await candidates(trx)) {
      const run = await lockRun(trx, traits, id);
      if (run === undefined) continue;
      const claimed = await claimFrom(trx, run, worker);
      if (claimed !== undefined) return claimed;
    }
    const nextDueAt = await nextDue(trx, worker.now);
    return nextDueAt === undefined ? {} : { nextDueAt: new Date(nextDueAt) };
  });
}

/** Open runs, those with the fewest tasks in flight first, so that a large run does not starve a small one. */
async function candidates(trx: Trx): Promise<string[]> {
  const rows = await trx
    .selectFrom('runs')
    .select(({ selectFrom }) => [
      'runs.id',
      selectFrom('tasks')
        .select(({ fn }) => fn.countAll<number>().as('n'))
        .whereRef('tasks.run_id', '=', 'runs.id')
        .where('tasks.status', '=', 'leased')
        .as('leased'),
    ])
    .where('runs.status', 'in', OPEN_RUN_STATUSES)
    .orderBy('leased')
    .orderBy('runs.created_at')
    .orderBy('runs.id')
    .limit(MAX_CANDIDATES)
    .execute();
  return rows.map(({ id }) => id);
}

async function lockRun(trx: Trx, traits: DialectTraits, id: string): Promise<RunRow | undefined> {
  const query = trx
    .selectFrom('runs')
    .selectAll()
    .where('id', '=', id)
    .where('status', 'in', OPEN_RUN_STATUSES);
  return (traits.rowLocks ? query.forUpdate().skipLocked() : query).executeTakeFirst();
}

async function nextDue(trx: Trx, now: number): Promise<number | undefined> {
  const row = await trx
    .selectFrom('tasks')
    .select(({ fn }) => fn.min('due_at').as('due'))
    .where('status', 'in', ['ready', 'waiting'])
    .where('due_at', '>', now)
    .executeTakeFirst();
  return row?.due ?? undefined;
}

async function claimFrom(trx: Trx, run: RunRow, worker: Worker): Promise<ClaimResult | undefined> {
  const stopped = stopOf(run) !== undefined;
  if (run.started_at === null && !(await start(trx, run, worker, stopped))) return undefined;
  if (stopped) await giveBackUnstarted(trx, run);
  const limits = JSON.parse(run.limits) as RunLimits;
  const open = await trx
    .selectFrom('tasks')
    .selectAll()
    .where('run_id', '=', run.id)
    .where('status', '<>', 'done')
    .orderBy('due_at')
    .execute();
  const leased = open.filter((task) => task.status === 'leased').length;
  const concurrency = run.phase === 'execute' && limits.scope === 'slice' ? limits.concurrency : 1;
  if (leased >= concurrency) return undefined;

  const due = open.find((task) => task.status !== 'leased' && task.due_at <= worker.now);
  if (due !== undefined) {
    return { task: await lease(trx, run, due, worker), more: leased + 1 < concurrency };
  }
  if (run.phase === 'execute' && !stopped && (await hasOpenRanges(trx, run.id))) {
    const firstIsAlone = limits.firstBatchAlone && run.first_batch_done === 0;
    if (firstIsAlone && open.length > 0) return undefined;
    const ranges = limits.scope === 'whole' ? await takeAll(trx, run) : await cutBatch(trx, run, limits);
    const kind = limits.scope === 'whole' ? 'all' : 'batch';
    const task = await insertLeased(trx, run, { kind, index: run.batches_cut, ranges }, worker);
    return { task, more: !firstIsAlone && leased + 1 < concurrency };
  }
  if (open.length > 0 || (run.phase === 'prepare' && !stopped)) return undefined;
  await setRun(trx, run, { phase: 'finish' });
  return {
    task: await insertLeased(trx, run, { kind: 'finish', index: 0, ranges: [] }, worker),
    more: false,
  };
}

/** Moves a queued run on to its prepare task, or to its end when it was stopped before. False while another run excludes it. */
async function start(trx: Trx, run: RunRow, worker: Worker, stopped: boolean): Promise<boolean> {
  if (run.exclusive_key !== null && !stopped) {
    const held = await trx
      .insertInto('leases')
      .values({
        name: exclusiveLease(run.exclusive_key),
        owner: run.id,
        token: 1,
        until: Number.MAX_SAFE_INTEGER,
        data: '{}',
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirst();
    if (held.numInsertedOrUpdatedRows === 0n) return false;
  }
  await setRun(trx, run, { status: 'running', started_at: worker.now });
  await trx
    .insertInto('events')
    .values({ run_id: run.id, at: worker.now, kind: 'started', data: '{}' })
    .execute();
  if (stopped) return true;
  await insertTask(trx, run, { kind: 'prepare', index: 0, ranges: [] }, worker.now);
  return true;
}

/** What a stopped run has not begun goes back to the pass: uncut positions and batches that nobody executes. */
async function giveBackUnstarted(trx: Trx, run: RunRow): Promise<void> {
  const uncut = await trx
    .selectFrom('run_ranges')
    .select(['from_position as from', 'to_position as to'])
    .where('run_id', '=', run.id)
    .execute();
  await trx.deleteFrom('run_ranges').where('run_id', '=', run.id).execute();
  const idle = await trx
    .updateTable('tasks')
    .set({ status: 'done' })
    .where('run_id', '=', run.id)
    .where('kind', 'in', ['prepare', 'batch', 'all'] satisfies TaskKind[])
    .where('status', 'in', ['ready', 'waiting'])
    .returning('ranges')
    .execute();
  const ranges = [...uncut, ...idle.flatMap((task) => parseRanges(task.ranges))];
  await defer(trx, run, ranges);
}

async function takeAll(trx: Trx, run: RunRow): Promise<PositionRange[]> {
  const ranges = await trx
    .deleteFrom(RUN_RANGES.table)
    .where('run_id', '=', run.id)
    .returning(['from_position as from', 'to_position as to'])
    .execute();
  return ranges.sort((left, right) => left.from - right.from);
}

interface NewTask {
  kind: TaskKind;
  index: number;
  ranges: PositionRange[];
}

async function insertTask(trx: Trx, run: RunRow, task: NewTask, now: number): Promise<TaskRow> {
  const row: TaskRow = {
    id: newId('task'),
    run_id: run.id,
    kind: task.kind,
    batch_index: task.index,
    ranges: task.ranges.length === 0 ? null : formatRanges(task.ranges),
    status: 'ready',
    attempt: 1,
    deaths: 0,
    due_at: now,
    waiting_since: null,
    lease_owner: null,
    lease_token: 0,
    lease_until: null,
    created_at: now,
    settled_at: null,
  };
  await trx.insertInto('tasks').values(row).execute();
  return row;
}

async function insertLeased(
  trx: Trx,
  run: RunRow,
  task: NewTask,
  worker: Worker,
): Promise<NonNullable<ClaimResult['task']>> {
  if (task.kind !== 'finish') await setRun(trx, run, { batches_cut: run.batches_cut + 1 });
  const row = await insertTask(trx, run, task, worker.now);
  return lease(trx, run, row, worker);
}

async function lease(
  trx: Trx,
  run: RunRow,
  task: TaskRow,
  worker: Worker,
): Promise<NonNullable<ClaimResult['task']>> {
  const held = {
    status: 'leased',
    lease_owner: worker.owner,
    lease_token: task.lease_token + 1,
    lease_until: worker.now + worker.leaseMs,
  };
  await trx.updateTable('tasks').set(held).where('id', '=', task.id).execute();
  if (run.status !== 'running') await setRun(trx, run, { status: 'running' });
  const pass = await trx
    .selectFrom('passes')
    .selectAll()
    .where('id', '=', run.pass_id)
    .executeTakeFirstOrThrow();
  return toClaimedTask({ ...task, ...held }, run, pass);
}

async function setRun(trx: Trx, run: RunRow, changes: Partial<RunRow>): Promise<void> {
  Object.assign(run, changes);
  await trx.updateTable('runs').set(changes).where('id', '=', run.id).execute();
}

/** Frees tasks whose lease has run out, and every task of another owner when `onlyOwner` alone may execute. */
export async function reap(
  database: Database,
  { now, onlyOwner }: { now: number; onlyOwner?: string },
): Promise<number> {
  const freed = await database.kysely
    .updateTable('tasks')
    .set({
      status: 'ready',
      lease_owner: null,
      lease_until: null,
      attempt: sql<number>`attempt + 1`,
      deaths: sql<number>`deaths + 1`,
      due_at: now,
    })
    .where('status', '=', 'leased')
    .where((where) =>
      onlyOwner === undefined
        ? where('lease_until', '<', now)
        : where.or([where('lease_until', '<', now), where('lease_owner', '<>', onlyOwner)]),
    )
    .executeTakeFirst();
  return Number(freed.numUpdatedRows);
}
