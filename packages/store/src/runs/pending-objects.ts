import type { ClaimedTask, ParkedObject } from '@drover/engine';
import type { JsonValue } from '@drover/model';
import { type Selectable, type Transaction, sql } from 'kysely';
import { type Database, rowsFrom } from '../database/database.js';
import { insertRows } from '../database/insert-rows.js';
import { preparedQuery } from '../database/prepared-query.js';
import type { Tables } from '../database/tables.js';
import type { RunRow } from './rows.js';

type Trx = Transaction<Tables>;

/** Objects of one poll at most, whatever the batch limit: each of them brings a token along. */
const MAX_POLLED = 1_000;
const SECOND_MS = 1_000;

const COLUMNS = [
  'run_id',
  'position',
  'object_seq',
  'token',
  'data',
  'since',
  'due_at',
  'polls',
  'failures',
  'fingerprint',
  'task_id',
] as const;

const duePositions = preparedQuery<{ runId: string; now: number; limit: number }, { position: number }>(
  (db, { runId, now, limit }) =>
    db
      .selectFrom('pending_objects')
      .select('position')
      .where('run_id', '=', runId)
      .where('task_id', 'is', null)
      .where('due_at', '<=', now)
      .orderBy('due_at')
      .orderBy('position')
      .limit(limit),
);

/** The positions of the next poll: those that are due, or any when the run was stopped and nobody is to be asked. */
export async function dueForPoll(
  trx: Trx,
  run: RunRow,
  { now, batchObjects, stopped }: { now: number; batchObjects: number; stopped: boolean },
): Promise<number[]> {
  if (run.pending === 0) return [];
  const limit = stopped ? MAX_POLLED : Math.min(batchObjects, MAX_POLLED);
  const until = stopped ? Number.MAX_SAFE_INTEGER : now;
  const due = await duePositions(trx, { runId: run.id, now: until, limit });
  return due.map(({ position }) => position);
}

/** Notes which task asks about the objects at these positions. */
export async function handToTask(
  trx: Trx,
  { traits }: Database,
  { runId, taskId, positions }: { runId: string; taskId: string; positions: readonly number[] },
): Promise<void> {
  const rows = positions.map((position) => ({ position }));
  const wanted = rowsFrom(traits, { position: 'bigint' }, rows);
  await trx
    .updateTable('pending_objects')
    .set({ task_id: taskId })
    .where('run_id', '=', runId)
    .where('position', 'in', (db) => db.selectFrom(wanted.as('wanted')).select('wanted.position'))
    .execute();
}

export async function parkedOf({ kysely }: Database, task: ClaimedTask): Promise<ParkedObject[]> {
  const rows = await rowsOfTask(kysely, task);
  return rows.map((row) => ({
    position: row.position,
    objectSeq: row.object_seq,
    token: JSON.parse(row.token) as JsonValue,
    ...(row.data === null ? {} : { data: JSON.parse(row.data) as Record<string, unknown> }),
    since: new Date(row.since),
    dueAt: new Date(row.due_at),
    polls: row.polls,
    failures: row.failures,
  }));
}

/** What is kept of a task's parked objects. */
export function rowsOfTask(
  db: Pick<Trx, 'selectFrom'>,
  { id, run }: ClaimedTask,
): Promise<Selectable<Tables['pending_objects']>[]> {
  return db
    .selectFrom('pending_objects')
    .selectAll()
    .where('run_id', '=', run.id)
    .where('task_id', '=', id)
    .orderBy('position')
    .execute();
}

/** Takes a poll's objects out, for those that are parked again to be put in anew. Returns how many there were. */
export async function takeOut(trx: Trx, { id, run }: ClaimedTask): Promise<number> {
  const gone = await trx
    .deleteFrom('pending_objects')
    .where('run_id', '=', run.id)
    .where('task_id', '=', id)
    .executeTakeFirst();
  return Number(gone.numDeletedRows);
}

/** Parks objects until they are due; neighbours become due together, at a whole second. */
export async function putIn(
  trx: Trx,
  { traits }: Database,
  {
    task,
    parked,
    fingerprints,
  }: { task: ClaimedTask; parked: readonly ParkedObject[]; fingerprints: ReadonlyMap<number, string> },
): Promise<void> {
  const rows = parked.map((one) => [
    task.run.id,
    one.position,
    one.objectSeq,
    JSON.stringify(one.token),
    one.data === undefined ? null : JSON.stringify(one.data),
    one.since.getTime(),
    Math.ceil(one.dueAt.getTime() / SECOND_MS) * SECOND_MS,
    one.polls,
    one.failures,
    fingerprints.get(one.objectSeq) ?? null,
    null,
  ]);
  await insertRows(trx, traits, { table: 'pending_objects', columns: COLUMNS, rows });
}

/** When the next parked object is due, of one run or of all. */
export async function nextPollAt(
  db: Pick<Trx, 'selectFrom'>,
  { runId, after }: { runId?: string; after?: number } = {},
): Promise<number | undefined> {
  let query = db
    .selectFrom('pending_objects')
    .select(({ fn }) => fn.min('due_at').as('due'))
    .where('task_id', 'is', null);
  if (runId !== undefined) query = query.where('run_id', '=', runId);
  if (after !== undefined) query = query.where('due_at', '>', after);
  const row = await query.executeTakeFirst();
  return row?.due ?? undefined;
}

/** Whether a run has nothing left to do before its next poll: no task that could be claimed, and no position to be cut. */
export async function onlyWaits(trx: Trx, runId: string): Promise<boolean> {
  const { rows } = await sql<{ one: number }>`select 1 as one from tasks
    where run_id = ${runId} and status in ('leased', 'ready')
    union all select 1 as one from run_ranges where run_id = ${runId} limit 1`.execute(trx);
  return rows.length === 0;
}
