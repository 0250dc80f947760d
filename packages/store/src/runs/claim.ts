import type { ClaimResult, PositionRange, ReapRule, RunLimits, TaskKind } from '@drover/engine';
import { OPEN_RUN_STATUSES } from '@drover/model';
import { type Transaction, sql } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import {
  EXCLUSIVE_LEASE,
  anyOpenRun,
  candidateRuns,
  insertTaskRow,
  lockOpenRun,
  lockRun,
  openTasks,
} from './claim-queries.js';
import { isOver } from '../leases/is-over.js';
import { takePlannedBatch } from '../plans/planned-batch.js';
import { type CutAhead, isNextBatch, putBack, rangeOf } from './cut-ahead.js';
import { cutBatch } from './cut-batch.js';
import { type Claimer, type Worker, insertLeased, lease, newTask } from './lease-task.js';
import { RUN_RANGES, defer } from './open-ranges.js';
import { openCallPositions } from './open-calls.js';
import { dueForPoll, handToTask, nextPollAt } from './pending-objects.js';
import { awaitConnection, roomForRun } from './room.js';
import { type RunRow, type TaskRow, limitsOf, parseRanges, stopOf, toRanges } from './rows.js';

type Trx = Transaction<Tables>;

/** The name under which a started run holds its exclusive key. */
export function exclusiveLease(key: string): string {
  return `${EXCLUSIVE_LEASE}${key}`;
}

/** What another transaction holds. */
type Busy = { what: 'run' | 'connection'; id: string };

/**
 * Claims a task of the first open run that has one. Runs that another transaction holds are left out, and so are those over a connection
 * that it holds. Where there is nothing else, these are waited for, each once and a second at most in all: whoever holds them is through
 * with them soon, and this worker would not look again for long.
 */
export async function claim(database: Database, worker: Worker): Promise<ClaimResult> {
  const { kysely } = database;
  if ((await anyOpenRun(kysely, {})).length === 0) return {};
  const until = performance.now() + BUSY_MS;
  const busy = new Map<string, Busy>();
  const waitedFor = new Set<string>();
  const onBusy = (one: Busy): void => void busy.set(one.id, one);
  let claimed = await kysely.transaction().execute((trx) => claimOfAny(trx, database, { worker, onBusy }));
  while (!('task' in claimed) && performance.now() < until) {
    const waiting = [...busy.values()].filter(({ id }) => !waitedFor.has(id));
    // Whoever holds a connection holds one of its runs as well, and is through with it then.
    const next = waiting.find(({ what }) => what === 'connection') ?? waiting[0];
    if (next === undefined) break;
    waitedFor.add(next.id);
    claimed = (await claimOfBusy(database, next, { worker, onBusy })) ?? claimed;
  }
  return claimed;
}

/** Whoever holds a run for longer has stopped in the middle, and other runs may have come by then. */
const BUSY_MS = 1_000;

type Looking = Pick<Candidates, 'worker' | 'onBusy'>;

async function claimOfAny(trx: Trx, database: Database, looking: Looking): Promise<ClaimResult> {
  const { now, owner } = looking.worker;
  const candidates = await candidateRuns(trx, { now, owner });
  return claimAmong(trx, database, { ...looking, candidates });
}

/** In a transaction that holds nothing else: two that wait for each other's run would never end. */
async function claimOfBusy(
  database: Database,
  { what, id }: Busy,
  { worker, onBusy }: Looking,
): Promise<ClaimResult | undefined> {
  const { kysely, traits } = database;
  try {
    return await kysely.transaction().execute(async (trx) => {
      await traits.waitAtMost(trx, BUSY_MS);
      if (what === 'connection') {
        await awaitConnection(trx, { id }, traits);
        return claimOfAny(trx, database, { worker, onBusy });
      }
      const [run] = await lockRun(traits)(trx, { id });
      if (run === undefined || !isOpenStatus(run.status)) return undefined;
      return claimFrom(trx, database, { run, worker, waits: true });
    });
  } catch (error) {
    if (traits.isLockTimeout(error)) return undefined;
    throw error;
  }
}

/** A run that this transaction holds already, with its tasks that are not done. */
export interface HeldRun {
  run: RunRow;
  open: TaskRow[];
  ahead: CutAhead | undefined;
}

export interface Candidates {
  worker: Worker;
  candidates: readonly { id: string }[];
  held?: HeldRun | undefined;
  /** Told of those that another transaction holds, or their connection. */
  onBusy?(busy: Busy): void;
}

/** Claims a task of the first candidate that has one and that no other transaction holds, nor its connection. */
export async function claimAmong(
  trx: Trx,
  database: Database,
  { worker, candidates, held, onBusy }: Candidates,
): Promise<ClaimResult> {
  if (held?.ahead !== undefined && held.run.id !== candidates[0]?.id) {
    await putBack(trx, held.run.id, held.ahead);
    held.ahead = undefined;
  }
  for (const { id } of candidates) {
    const known = held?.run.id === id ? held : undefined;
    const [run] = known === undefined ? await lockOpenRun(database.traits)(trx, { id }) : [known.run];
    if (run === undefined) onBusy?.({ what: 'run', id });
    const claimed =
      run === undefined ? undefined : await claimFrom(trx, database, { run, worker, known, onBusy });
    if (claimed !== undefined) return claimed;
  }
  const nextDueAt = await nextDue(trx, worker.now);
  return nextDueAt === undefined ? {} : { nextDueAt: new Date(nextDueAt) };
}

function isOpenStatus(status: string): boolean {
  return (OPEN_RUN_STATUSES as readonly string[]).includes(status);
}

async function nextDue(trx: Trx, now: number): Promise<number | undefined> {
  const row = await trx
    .selectFrom('tasks')
    .select(({ fn }) => fn.min('due_at').as('due'))
    .where('status', 'in', ['ready', 'waiting'])
    .where('due_at', '>', now)
    .executeTakeFirst();
  const polled = await nextPollAt(trx, { after: now });
  const due = row?.due ?? undefined;
  return due === undefined || polled === undefined ? (due ?? polled) : Math.min(due, polled);
}

interface Candidate extends Claimer {
  known?: HeldRun | undefined;
  /** Wait for whoever takes work over the connection in hand just now. */
  waits?: boolean;
  onBusy?: ((busy: Busy) => void) | undefined;
}

async function claimFrom(
  trx: Trx,
  database: Database,
  { run, worker, known, ...room }: Candidate,
): Promise<ClaimResult | undefined> {
  const stopped = stopOf(run) !== undefined;
  // Where a transaction is alone, candidates are those that have room.
  if (!stopped && database.traits.rowLocks && !(await hasRoom(trx, database, { run, worker, ...room }))) {
    if (known?.ahead !== undefined) await putBack(trx, run.id, known.ahead);
    return undefined;
  }
  if (run.started_at === null && !(await start(trx, run, worker, stopped))) return undefined;
  const limits = limitsOf(run);
  const ahead = known?.ahead;
  const isNext =
    ahead !== undefined &&
    !stopped &&
    isNextBatch(ahead, { run, limits, open: known!.open, now: worker.now });
  // Before anything looks at the run's positions.
  if (ahead !== undefined && !isNext) await putBack(trx, run.id, ahead);
  if (stopped) {
    await giveBackUnstarted(trx, run);
    // One that was never prepared has nothing to finish at the vendor, and ends at once.
    const callsNothing = run.prepared === null;
    if (!callsNothing && !(await hasRoom(trx, database, { run, worker, ...room }))) return undefined;
  }
  const open = stopped || known === undefined ? await openTasks(trx, { runId: run.id }) : known.open;
  const leased = open.filter((task) => task.status === 'leased').length;
  const concurrency = run.phase === 'execute' && limits.scope === 'slice' ? limits.runConcurrency : 1;
  const firstIsAlone = limits.firstBatchAlone && run.first_batch_done === 0;
  if (isNext) {
    const ranges = [rangeOf(ahead)];
    const next = { kind: 'batch', index: run.batches_cut, ranges } as const;
    return {
      task: await insertLeased(trx, database, { run, worker, ...next }),
      more: leased + 1 < concurrency,
    };
  }
  // The parts of a first batch that was taken apart go one after the other, too.
  if (leased >= (firstIsAlone ? 1 : concurrency)) return undefined;

  const due = open.find((task) => task.status !== 'leased' && task.due_at <= worker.now);
  if (due !== undefined) {
    return { task: await lease(trx, database, { run, worker, task: due }), more: leased + 1 < concurrency };
  }
  const polled = await dueForPoll(trx, run, {
    now: worker.now,
    batchObjects: limits.batchObjects,
    stopped,
  });
  if (polled.length > 0) {
    const task = await insertLeased(trx, database, {
      run,
      worker,
      kind: 'poll',
      index: 0,
      ranges: toRanges(polled),
    });
    await handToTask(trx, database, { runId: run.id, taskId: task.id, positions: polled });
    return { task, more: leased + 1 < concurrency };
  }
  if (run.phase === 'execute' && firstIsAlone && open.length > 0) return undefined;
  const ranges = run.phase === 'execute' && !stopped ? await takeNext(trx, run, limits) : [];
  if (ranges.length > 0) {
    const kind = limits.scope === 'whole' ? 'all' : 'batch';
    const task = await insertLeased(trx, database, { run, worker, kind, index: run.batches_cut, ranges });
    return { task, more: !firstIsAlone && leased + 1 < concurrency };
  }
  const isUnsettled = open.length > 0 || run.pending > 0;
  if (isUnsettled || (run.phase === 'prepare' && !stopped)) return undefined;
  await setRun(trx, run, { phase: 'finish' });
  return {
    task: await insertLeased(trx, database, { run, worker, kind: 'finish', index: 0, ranges: [] }),
    more: false,
  };
}

/** Whether the run may have one more task in hand, over its connection and of its plugin. */
async function hasRoom(
  trx: Trx,
  database: Database,
  { run, worker, waits, onBusy }: Omit<Candidate, 'known'>,
): Promise<boolean> {
  const { id: runId, connection_id: connectionId } = run;
  const { owner, now } = worker;
  const sought = { runId, connectionId, owner, now, waits: waits === true };
  const room = await roomForRun(trx, database, sought);
  if (room === 'busy') onBusy?.({ what: 'connection', id: connectionId });
  return room === 'free';
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
  await insertTaskRow(trx, newTask(run, { kind: 'prepare', index: 0, ranges: [] }, worker.now));
  return true;
}

/**
 * What a stopped run has not begun goes back to the pass: uncut positions and batches that nobody executes. A batch with
 * once-only calls that have no outcome stays: the journal decides over it, and another run would send them again.
 */
async function giveBackUnstarted(trx: Trx, run: RunRow): Promise<void> {
  const uncut = await trx
    .selectFrom('run_ranges')
    .select(['from_position as from', 'to_position as to'])
    .where('run_id', '=', run.id)
    .execute();
  await trx.deleteFrom('run_ranges').where('run_id', '=', run.id).execute();
  const idle = await trx
    .selectFrom('tasks')
    .select(['id', 'ranges'])
    .where('run_id', '=', run.id)
    .where('kind', 'in', ['prepare', 'batch', 'all'] satisfies TaskKind[])
    .where('status', 'in', ['ready', 'waiting'])
    .execute();
  const open = idle.length === 0 ? [] : await openCallPositions(trx, run);
  const given = idle
    .map(({ id, ranges }) => ({ id, ranges: parseRanges(ranges) }))
    .filter(({ ranges }) => !open.some((at) => ranges.some(({ from, to }) => from <= at && at < to)));
  if (given.length > 0) {
    const ids = given.map(({ id }) => id);
    await trx.updateTable('tasks').set({ status: 'done' }).where('id', 'in', ids).execute();
  }
  await defer(trx, run, [...uncut, ...given.flatMap(({ ranges }) => ranges)]);
}

/** The positions of the next batch; none when every position is in one. */
function takeNext(trx: Trx, run: RunRow, limits: RunLimits): Promise<PositionRange[]> {
  if (limits.scope === 'whole') return takeAll(trx, run);
  return run.plan_id === null ? cutBatch(trx, run, limits) : takePlannedBatch(trx, run);
}

async function takeAll(trx: Trx, run: RunRow): Promise<PositionRange[]> {
  const ranges = await trx
    .deleteFrom(RUN_RANGES.table)
    .where('run_id', '=', run.id)
    .returning(['from_position as from', 'to_position as to'])
    .execute();
  return ranges.sort((left, right) => left.from - right.from);
}

async function setRun(trx: Trx, run: RunRow, changes: Partial<RunRow>): Promise<void> {
  Object.assign(run, changes);
  await trx.updateTable('runs').set(changes).where('id', '=', run.id).execute();
}

/** Frees tasks whose lease has run out, and those that the rule names; not those that are being settled right now. */
export async function reap(
  { kysely, traits }: Database,
  { now, ...rule }: { now: number } & ReapRule,
): Promise<number> {
  const freed = await kysely
    .updateTable('tasks')
    .set({
      status: 'ready',
      lease_owner: null,
      lease_until: null,
      attempt: sql<number>`attempt + 1`,
      deaths: sql<number>`deaths + 1`,
      due_at: now,
    })
    .where('id', 'in', (eb) => {
      const over = eb
        .selectFrom('tasks')
        .select('id')
        .where('status', '=', 'leased')
        .where((where) => isOver(where, now, rule));
      return traits.rowLocks ? over.forUpdate().skipLocked() : over;
    })
    .executeTakeFirst();
  return Number(freed.numUpdatedRows);
}
