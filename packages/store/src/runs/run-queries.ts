import type { ReasonCount, RunEvent, RunHold, RunListFilter, StoredOutcome } from '@drover/engine';
import {
  Fault,
  type OutcomeStatus,
  type Page,
  type PageRequest,
  type Run,
  type RunId,
  type TaskId,
} from '@drover/model';
import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { entriesOf } from '../journal/kysely-call-journal.js';
import { EXCLUSIVE_LEASE } from './claim-queries.js';
import { isConnectionFull, IS_PLUGIN_FULL, withInHand } from './room.js';
import { iso, toRun } from './rows.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const MAX_EVENTS = 1_000;

export function pageLimit(request: PageRequest): number {
  return Math.min(Math.max(1, request.limit ?? DEFAULT_LIMIT), MAX_LIMIT);
}

function selectRuns(kysely: Kysely<Tables>, now: number) {
  return withInHand(kysely)
    .selectFrom('runs')
    .selectAll('runs')
    .select([EXCLUDED_BY.as('excluded_by'), FULL.as('full')])
    .select(({ selectFrom }) => [
      selectFrom('tasks')
        .select(({ fn }) => fn.countAll<number>().as('n'))
        .whereRef('tasks.run_id', '=', 'runs.id')
        .where('tasks.status', '=', 'leased')
        .where('tasks.lease_until', '>=', now)
        .as('live_tasks'),
      selectFrom('pending_objects')
        .select(({ fn }) => fn.min('due_at').as('due'))
        .whereRef('pending_objects.run_id', '=', 'runs.id')
        .where('task_id', 'is', null)
        .as('next_poll_at'),
      firstParked(selectFrom).select('tasks.parked').as('parked'),
      firstParked(selectFrom).select('tasks.due_at').as('parked_until'),
    ]);
}

/** The run whose end a queued one waits for. */
const EXCLUDED_BY = sql<string | null>`case when runs.status = 'queued' then (
  select owner from leases where name = ${sql.lit(EXCLUSIVE_LEASE)} || runs.exclusive_key) end`;

/** What leaves an open run no room, and the concurrency that is used up. */
const FULL = sql<string | null>`case
  when runs.ended_at is not null then null
  when ${IS_PLUGIN_FULL} then 'plugin ' || runs.concurrency
  when ${isConnectionFull('runs.connection_id')} then 'connection ' || (
    select concurrency from connections where id = runs.connection_id)
end`;

/** The parked batch of the run that goes on first. */
function firstParked(selectFrom: ExpressionBuilder<Tables, 'runs'>['selectFrom']) {
  return selectFrom('tasks')
    .whereRef('tasks.run_id', '=', 'runs.id')
    .where('tasks.status', '=', 'waiting')
    .orderBy('tasks.due_at')
    .orderBy('tasks.id')
    .limit(1);
}

export async function findRun(
  { kysely }: Database,
  runId: string,
  now: number,
): Promise<(Run & { hold: RunHold }) | undefined> {
  const row = await selectRuns(kysely, now).where('runs.id', '=', runId).executeTakeFirst();
  return row === undefined ? undefined : toRun({ ...row, live_tasks: row.live_tasks ?? 0 });
}

/** Newest first: run ids sort by the time of their making. */
export async function listRuns(
  { kysely }: Database,
  request: PageRequest & RunListFilter,
  now: number,
): Promise<Page<Run & { hold: RunHold }>> {
  const limit = pageLimit(request);
  let query = selectRuns(kysely, now)
    .orderBy('runs.id', 'desc')
    .limit(limit + 1);
  if (request.status !== undefined) query = query.where('runs.status', '=', request.status);
  if (request.pluginId !== undefined) query = query.where('runs.plugin_id', '=', request.pluginId);
  if (request.cursor !== undefined) query = query.where('runs.id', '<', request.cursor);
  const rows = await query.execute();
  const data = rows.slice(0, limit).map((row) => toRun({ ...row, live_tasks: row.live_tasks ?? 0 }));
  return rows.length > limit ? { data, nextCursor: data.at(-1)!.id } : { data };
}

export async function listOutcomes(
  database: Database,
  runId: RunId,
  request: PageRequest & { status?: OutcomeStatus },
): Promise<Page<StoredOutcome>> {
  const limit = pageLimit(request);
  let query = database.kysely
    .selectFrom('outcomes')
    .leftJoin('objects', 'objects.seq', 'outcomes.object_seq')
    .selectAll('outcomes')
    .select(['objects.id', 'objects.type', 'objects.subtype', 'objects.value'])
    .where('outcomes.run_id', '=', runId)
    .orderBy('outcomes.position')
    .limit(limit + 1);
  if (request.status !== undefined) query = query.where('outcomes.status', '=', request.status);
  if (request.cursor !== undefined)
    query = query.where('outcomes.position', '>', cursorPosition(request.cursor));
  const rows = await query.execute();
  const unknown = rows.filter(({ status }) => status === 'unknown').map((row) => row.object_seq);
  const evidence = await evidenceOf(database, runId, unknown);
  const data = rows.slice(0, limit).map((row): StoredOutcome => ({
    objectId: row.id ?? '',
    type: row.type ?? '',
    ...(row.subtype ? { subtype: row.subtype } : {}),
    value: row.value ?? '',
    status: row.status as OutcomeStatus,
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.message === null ? {} : { message: row.message }),
    ...(row.data === null ? {} : { data: JSON.parse(row.data) as Record<string, unknown> }),
    attempt: row.attempt,
    at: iso(row.at),
    ...evidence.get(row.object_seq),
  }));
  return rows.length > limit ? { data, nextCursor: String(rows[limit - 1]!.position) } : { data };
}

/** What the journal knows of the calls for these objects; of one that has had several, what counts in the end. */
async function evidenceOf(
  database: Database,
  runId: RunId,
  objectSeqs: readonly number[],
): Promise<Map<number, Pick<StoredOutcome, 'evidence'>>> {
  const unsent = await entriesOf(database, { runId, objectSeqs, kind: 'unsent' });
  const calls = await entriesOf(database, { runId, objectSeqs, kind: 'call' });
  return new Map(
    [...unsent, ...calls].map(({ objectSeq, call, intentAt, answeredAt, result }) => {
      const times = {
        intentAt: intentAt.toISOString(),
        ...(answeredAt === undefined ? {} : { answeredAt: answeredAt.toISOString() }),
      };
      return [objectSeq, { evidence: { call, ...times, ...(result === undefined ? {} : { result }) } }];
    }),
  );
}

function cursorPosition(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new Fault('INVALID_ARGUMENT', 'The cursor is not one that a page of this listing gave.', {
    path: '/cursor',
  });
}

export async function listReasons(
  { kysely }: Database,
  runId: string,
  limit: number,
): Promise<ReasonCount[]> {
  const rows = await kysely
    .selectFrom('outcomes')
    .select(({ fn }) => [
      'status',
      'code',
      fn.countAll<number>().as('objects'),
      fn.min('message').as('example'),
    ])
    .where('run_id', '=', runId)
    .where('code', 'is not', null)
    .groupBy(['status', 'code'])
    .orderBy('objects', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    status: row.status as OutcomeStatus,
    code: row.code!,
    objects: row.objects,
    example: row.example ?? '',
  }));
}

export async function requestCancel(
  { kysely }: Database,
  runId: string,
  { atOnce }: { atOnce: boolean },
): Promise<void> {
  const changed = await kysely
    .updateTable('runs')
    .set({ cancel_requested: 1, ...(atOnce ? { cancel_at_once: 1 as const } : {}) })
    .where('id', '=', runId)
    .where('phase', '<>', 'ended')
    .executeTakeFirst();
  if (changed.numUpdatedRows > 0n) return;
  const run = await kysely.selectFrom('runs').select('status').where('id', '=', runId).executeTakeFirst();
  if (run === undefined) throw new Fault('NOT_FOUND', `There is no run ${runId}.`);
  throw new Fault('RUN_ENDED', `${runId} has ended (${run.status}) and cannot be cancelled.`);
}

export async function cancelledAmong(
  { kysely }: Database,
  runIds: readonly RunId[],
): Promise<{ runId: RunId; atOnce: boolean }[]> {
  const rows = await kysely
    .selectFrom('runs')
    .select(['id', 'cancel_at_once'])
    .where('id', 'in', runIds)
    .where('cancel_requested', '=', 1)
    .execute();
  return rows.map((row) => ({ runId: row.id as RunId, atOnce: row.cancel_at_once === 1 }));
}

export async function listEvents({ kysely }: Database, runId: string, afterSeq: number): Promise<RunEvent[]> {
  const rows = await kysely
    .selectFrom('events')
    .selectAll()
    .where('run_id', '=', runId)
    .where('seq', '>', afterSeq)
    .orderBy('seq')
    .limit(MAX_EVENTS)
    .execute();
  return rows.map((row) => ({
    seq: row.seq,
    runId: row.run_id as RunId,
    at: iso(row.at),
    kind: row.kind as RunEvent['kind'],
    data: JSON.parse(row.data) as Record<string, unknown>,
  }));
}

export async function renewLeases(
  { kysely }: Database,
  { owner, tasks, until }: { owner: string; tasks: readonly TaskId[]; until: number },
): Promise<TaskId[]> {
  if (tasks.length === 0) return [];
  const rows = await kysely
    .updateTable('tasks')
    .set({ lease_until: sql<number>`${until}` })
    .where('status', '=', 'leased')
    .where('lease_owner', '=', owner)
    .where('id', 'in', tasks)
    .returning('id')
    .execute();
  return rows.map(({ id }) => id as TaskId);
}
