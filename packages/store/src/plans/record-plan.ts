import type { PlanRecord, PlannedRequest } from '@drover/engine';
import type { Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import { insertRows } from '../database/insert-rows.js';
import type { Tables } from '../database/tables.js';
import { formatRanges, toRanges } from '../runs/rows.js';

type Trx = Transaction<Tables>;

const OBJECT_COLUMNS = ['run_id', 'position', 'revision'] as const;
const REQUEST_COLUMNS = [
  'run_id',
  'hook',
  'batch_index',
  'call',
  'effect',
  'method',
  'path',
  'content_type',
  'body',
  'body_bytes',
  'blast_radius',
  'digest',
  'positions',
  'objects',
] as const;

/** Keeps what a settled part of a plan recorded, in the transaction of its outcomes. */
export async function recordPlan(
  trx: Trx,
  { traits }: Database,
  runId: string,
  { requests, revisions }: PlanRecord,
): Promise<void> {
  await insertRows(trx, traits, {
    table: 'plan_objects',
    columns: OBJECT_COLUMNS,
    rows: revisions.map(({ position, revision }) => [runId, position, revision]),
  });
  await insertRows(trx, traits, {
    table: 'plan_requests',
    columns: REQUEST_COLUMNS,
    rows: requests.map((request) => requestCells(runId, request)),
  });
}

function requestCells(runId: string, request: PlannedRequest): (string | number | null)[] {
  const { hook, batchIndex, call, effect, method, path, body, blastRadius, digest, positions, objects } =
    request;
  return [
    runId,
    hook,
    batchIndex,
    call,
    effect,
    method,
    path,
    body?.contentType ?? null,
    body?.text ?? null,
    body?.bytes ?? null,
    blastRadius ?? null,
    digest,
    positions === undefined ? null : formatRanges(toRanges(positions)),
    objects,
  ];
}

/** Forgets what a plan recorded for its objects, before the whole of them is computed anew. */
export async function forgetPlanObjects(trx: Trx, runId: string): Promise<void> {
  await trx.deleteFrom('plan_objects').where('run_id', '=', runId).execute();
  await trx.deleteFrom('plan_write_backs').where('run_id', '=', runId).execute();
  await trx.deleteFrom('plan_requests').where('run_id', '=', runId).where('hook', '=', 'execute').execute();
}
