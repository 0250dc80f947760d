import { OPEN_RUN_STATUSES, type OutcomeStatus } from '@drover/model';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DialectTraits } from '../database/dialect-traits.js';
import { preparedQuery } from '../database/prepared-query.js';
import type { Tables } from '../database/tables.js';
import { type Asking, isFull, withInHand } from './room.js';
import type { PassTerms, RunRow, TaskRow } from './rows.js';

/** How the names of leases begin under which started runs hold their exclusive keys. */
export const EXCLUSIVE_LEASE = 'exclusive:';

/** Runs looked at in one claim. */
const MAX_CANDIDATES = 50;

export const anyOpenRun = preparedQuery<Record<string, never>, { id: string }>((db) =>
  db.selectFrom('runs').select('id').where('status', 'in', OPEN_RUN_STATUSES).limit(1),
);

/** Runs that take nothing on any more are looked at whatever else holds: what they have not begun goes back to their pass. */
const IS_STOPPED = sql<boolean>`(cancel_requested = 1 or fault is not null)`;

interface Turn extends Asking {
  limit: number;
}

function runsByTurn(db: Kysely<Tables>, { now, owner, limit }: Turn) {
  return (
    withInHand(db)
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
      // However many stand aside, those behind them are looked at.
      .where(({ not }) => not(standsAside(now)))
      .where(({ or, not }) => or([IS_STOPPED, not(isFull({ owner, now }))]))
      .orderBy('leased')
      .orderBy('runs.taken_at')
      .orderBy('runs.id')
      .limit(limit)
  );
}

/** Runs that nothing can be claimed of now: they only wait for a time that is to come, or for the run that excludes them. */
function standsAside(now: Asking['now']): RawBuilder<boolean> {
  return sql<boolean>`(not ${IS_STOPPED} and (
    (runs.status = 'waiting'
      and (pending > 0 or exists (select 1 from tasks where run_id = runs.id and tasks.status <> 'done'))
      and not exists (select 1 from tasks
        where run_id = runs.id and tasks.status <> 'done' and tasks.status <> 'leased' and due_at <= ${now})
      and not exists (select 1 from pending_objects where run_id = runs.id and task_id is null and due_at <= ${now})
      and not (phase = 'execute' and exists (select 1 from run_ranges where run_id = runs.id)))
    or (runs.status = 'queued' and exclusive_key is not null
      and exists (select 1 from leases where name = ${sql.lit(EXCLUSIVE_LEASE)} || exclusive_key))))`;
}

/**
 * Open runs that have room, those with the fewest tasks in flight first, and of these the one whose turn was longest ago, so that a large
 * run does not starve a small one.
 */
export const candidateRuns = preparedQuery<{ now: number; owner: string }, { id: string }>(
  (db, { now, owner }) =>
    runsByTurn(db, {
      now: sql<number>`cast(${now} as bigint)`,
      owner: sql<string>`cast(${owner} as text)`,
      limit: MAX_CANDIDATES,
    }),
);

/** The first of the open runs, and how many of its tasks are in flight. */
export function runInTurn(db: Kysely<Tables>, turn: Omit<Turn, 'limit'>) {
  return runsByTurn(db, { ...turn, limit: 1 });
}

const openRun = preparedQuery<{ id: string }, RunRow>((db, { id }) =>
  db.selectFrom('runs').selectAll().where('id', '=', id).where('status', 'in', OPEN_RUN_STATUSES),
);

const openRunLocked = preparedQuery<{ id: string }, RunRow>((db, { id }) =>
  db
    .selectFrom('runs')
    .selectAll()
    .where('id', '=', id)
    .where('status', 'in', OPEN_RUN_STATUSES)
    .forUpdate()
    .skipLocked(),
);

/** An open run for this transaction alone; nothing when another one holds it. */
export function lockOpenRun(traits: DialectTraits): typeof openRun {
  return traits.rowLocks ? openRunLocked : openRun;
}

const anyRun = preparedQuery<{ id: string }, RunRow>((db, { id }) =>
  db.selectFrom('runs').selectAll().where('id', '=', id),
);

const anyRunLocked = preparedQuery<{ id: string }, RunRow>((db, { id }) =>
  db.selectFrom('runs').selectAll().where('id', '=', id).forUpdate(),
);

/** A run for this transaction alone, waiting for it where another one holds it. */
export function lockRun(traits: DialectTraits): typeof anyRun {
  return traits.rowLocks ? anyRunLocked : anyRun;
}

/** Tasks of a run that are not done, those that are due first before the others. */
export const openTasks = preparedQuery<{ runId: string }, TaskRow>((db, { runId }) =>
  db
    .selectFrom('tasks')
    .selectAll()
    .where('run_id', '=', runId)
    .where(sql<boolean>`status <> 'done'`)
    .orderBy('due_at'),
);

export const insertTaskRow = preparedQuery<TaskRow, never>((db, row) => db.insertInto('tasks').values(row));

export const leaseTaskRow = preparedQuery<{ id: string; owner: string; token: number; until: number }, never>(
  (db, { id, owner, token, until }) =>
    db
      .updateTable('tasks')
      .set({ status: 'leased', lease_owner: owner, lease_token: token, lease_until: until })
      .where('id', '=', id),
);

/** The time that a task of the run was parked. */
export const countWait = preparedQuery<{ runId: string; ms: number }, never>((db, { runId, ms }) =>
  db
    .updateTable('runs')
    .set((eb) => ({ waited_ms: eb('waited_ms', '+', ms) }))
    .where('id', '=', runId),
);

export const endTaskRow = preparedQuery<{ id: string; now: number }, never>((db, { id, now }) =>
  db.updateTable('tasks').set({ status: 'done', settled_at: now, lease_until: null }).where('id', '=', id),
);

/** Ends the task, if it is leased under this token, and takes it for this transaction alone. */
export const endHeldTask = preparedQuery<{ id: string; token: number; now: number }, { id: string }>(
  (db, { id, token, now }) =>
    db
      .updateTable('tasks')
      .set({ status: 'done', settled_at: now, lease_until: null })
      .where('id', '=', id)
      .where('status', '=', 'leased')
      .where('lease_token', '=', token)
      .returning('id'),
);

/** The task, if it is leased under this token, for this transaction alone. */
export const lockHeldTask = preparedQuery<{ id: string; token: number }, { id: string }, DialectTraits>(
  (db, { id, token }, traits) => {
    const query = db
      .selectFrom('tasks')
      .select('id')
      .where('id', '=', id)
      .where('status', '=', 'leased')
      .where('lease_token', '=', token);
    return traits.rowLocks ? query.forUpdate() : query;
  },
);

export const passTerms = preparedQuery<{ id: string }, PassTerms>((db, { id }) =>
  db.selectFrom('passes').select(['bundle_digest', 'step_key', 'config']).where('id', '=', id),
);

/** The run had its turn, and has so many batches now. */
export const countTurn = preparedQuery<{ runId: string; batches: number; now: number }, never>(
  (db, { runId, batches, now }) =>
    db.updateTable('runs').set({ batches_cut: batches, taken_at: now }).where('id', '=', runId),
);

interface AddedCounts extends Record<OutcomeStatus, number> {
  id: string;
  taken: number;
  written: number;
  attributes: number;
  vendorCalls: number;
  vendorWrites: number;
  waitedMs: number;
}

/** Adds to all counts of a run, which is this transaction's alone from then on, and gives it as it is now. */
export const addCounts = preparedQuery<AddedCounts & Record<string, unknown>, RunRow>((db, added) =>
  db
    .updateTable('runs')
    .set((eb) => ({
      succeeded: eb('succeeded', '+', added.succeeded),
      unchanged: eb('unchanged', '+', added.unchanged),
      skipped: eb('skipped', '+', added.skipped),
      rejected: eb('rejected', '+', added.rejected),
      failed: eb('failed', '+', added.failed),
      deferred: eb('deferred', '+', added.deferred),
      unknown: eb('unknown', '+', added.unknown),
      objects_taken: eb('objects_taken', '+', added.taken),
      objects_written: eb('objects_written', '+', added.written),
      attributes_written: eb('attributes_written', '+', added.attributes),
      vendor_calls: eb('vendor_calls', '+', added.vendorCalls),
      vendor_writes: eb('vendor_writes', '+', added.vendorWrites),
      waited_ms: eb('waited_ms', '+', added.waitedMs),
    }))
    .where('id', '=', added.id)
    .returningAll(),
);

export const openRunRanges = preparedQuery<
  { runId: string; limit: number },
  { from_position: number; to_position: number }
>((db, { runId, limit }) =>
  db
    .selectFrom('run_ranges')
    .select(['from_position', 'to_position'])
    .where('run_id', '=', runId)
    .orderBy('from_position')
    .limit(limit),
);

/** Takes so many positions off the head of the run's first open range, if it has more than that; gives where they begin. */
export const takeFromFirstRange = preparedQuery<{ runId: string; objects: number }, { from: number }>(
  (db, { runId, objects }) =>
    db
      .updateTable('run_ranges')
      .set((eb) => ({ from_position: eb('from_position', '+', objects) }))
      .where('run_id', '=', runId)
      .where('from_position', '=', (eb) =>
        eb
          .selectFrom('run_ranges as first')
          .select(({ fn }) => fn.min('first.from_position').as('from'))
          .where('first.run_id', '=', runId),
      )
      .where((eb) => eb(eb('to_position', '-', eb.ref('from_position')), '>', objects))
      .returning((eb) => eb('from_position', '-', objects).as('from')),
);

/** Undoes `takeFromFirstRange`. */
export const returnToFirstRange = preparedQuery<{ runId: string; from: number; cutTo: number }, never>(
  (db, { runId, from, cutTo }) =>
    db
      .updateTable('run_ranges')
      .set({ from_position: from })
      .where('run_id', '=', runId)
      .where('from_position', '=', cutTo),
);
