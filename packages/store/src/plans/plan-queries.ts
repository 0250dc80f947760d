import type {
  ExpectedRequest,
  HookPlace,
  PlannedCall,
  PlannedHook,
  PlannedObject,
  PlannedRequest,
  PositionRange,
} from '@drover/engine';
import { type CallEffect, Fault, type HttpMethod, type Page, type PageRequest } from '@drover/model';
import type { Selectable } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { parseRanges } from '../runs/rows.js';
import { pageLimit } from '../runs/run-queries.js';

type RequestRow = Selectable<Tables['plan_requests']>;

/** Bodies of one page together: characters, after which the page ends. */
const MAX_PAGE_CHARS = 8 * 1024 * 1024;
const HOOK_ORDER: readonly PlannedHook[] = ['prepare', 'execute', 'finish'];

export async function listPlannedRequests(
  { kysely }: Database,
  planId: string,
  request: PageRequest,
): Promise<Page<PlannedRequest>> {
  const limit = pageLimit(request);
  let query = kysely
    .selectFrom('plan_requests')
    .selectAll()
    .where('run_id', '=', planId)
    .orderBy('seq')
    .limit(limit + 1);
  if (request.cursor !== undefined) query = query.where('seq', '>', afterOf(request.cursor));
  const rows = await query.execute();
  let chars = 0;
  const fit = rows.slice(0, limit).filter((row, at) => {
    chars += row.body?.length ?? 0;
    return at === 0 || chars <= MAX_PAGE_CHARS;
  });
  const data = fit.map(toPlannedRequest);
  return rows.length > fit.length ? { data, nextCursor: String(fit.at(-1)!.seq) } : { data };
}

function afterOf(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new Fault('INVALID_ARGUMENT', 'The cursor is not one that a page of this listing gave.', {
    path: '/cursor',
  });
}

function toPlannedRequest(row: RequestRow): PlannedRequest {
  return {
    hook: row.hook as PlannedHook,
    batchIndex: row.batch_index,
    call: row.call,
    effect: row.effect as CallEffect,
    method: row.method as HttpMethod,
    path: row.path,
    ...(row.body === null
      ? {}
      : { body: { contentType: row.content_type!, text: row.body, bytes: row.body_bytes! } }),
    ...(row.blast_radius === null ? {} : { blastRadius: row.blast_radius }),
    digest: row.digest,
    ...(row.positions === null ? {} : { positions: positionsOf(row.positions) }),
    objects: row.objects,
  };
}

function positionsOf(ranges: string): number[] {
  return parseRanges(ranges).flatMap(({ from, to }) =>
    Array.from({ length: to - from }, (_, at) => from + at),
  );
}

export async function listPlannedCalls({ kysely }: Database, planId: string): Promise<PlannedCall[]> {
  const rows = await kysely
    .selectFrom('plan_requests')
    .select(['hook', 'call', 'effect', 'method', 'blast_radius'])
    .select(({ fn }) => [
      fn.countAll<number>().as('requests'),
      fn.sum<number>('objects').as('objects'),
      fn.min('seq').as('first'),
    ])
    .where('run_id', '=', planId)
    .groupBy(['hook', 'call', 'effect', 'method', 'blast_radius'])
    .orderBy('first')
    .execute();
  const calls = rows.map((row): PlannedCall => ({
    hook: row.hook as PlannedHook,
    call: row.call,
    effect: row.effect as CallEffect,
    method: row.method as HttpMethod,
    ...(row.blast_radius === null ? {} : { blastRadius: row.blast_radius }),
    requests: Number(row.requests),
    objects: Number(row.objects),
  }));
  return calls.sort((left, right) => HOOK_ORDER.indexOf(left.hook) - HOOK_ORDER.indexOf(right.hook));
}

export async function listExpectedRequests(
  { kysely }: Database,
  { planId, hook, batchIndex }: HookPlace,
): Promise<ExpectedRequest[]> {
  const rows = await kysely
    .selectFrom('plan_requests')
    .select(['call', 'method', 'path', 'digest', 'positions', 'objects'])
    .where('run_id', '=', planId)
    .where('hook', '=', hook)
    .where('batch_index', '=', batchIndex)
    .orderBy('seq')
    .execute();
  return rows.map(({ method, positions, ...row }) => ({
    ...row,
    method: method as HttpMethod,
    ...(positions === null ? {} : { positions: positionsOf(positions) }),
  }));
}

export async function findPlannedObjects(
  { kysely }: Database,
  planId: string,
  ranges: readonly PositionRange[],
): Promise<Map<number, PlannedObject>> {
  if (ranges.length === 0) return new Map();
  const rows = await kysely
    .selectFrom('plan_objects')
    .leftJoin('outcomes', (join) =>
      join
        .onRef('outcomes.run_id', '=', 'plan_objects.run_id')
        .onRef('outcomes.position', '=', 'plan_objects.position'),
    )
    .select(['plan_objects.position', 'plan_objects.revision', 'outcomes.code'])
    .where('plan_objects.run_id', '=', planId)
    .where(({ or, and, eb }) =>
      or(
        ranges.map(({ from, to }) =>
          and([eb('plan_objects.position', '>=', from), eb('plan_objects.position', '<', to)]),
        ),
      ),
    )
    .execute();
  return new Map(
    rows.map(({ position, revision, code }) => [
      position,
      { revision, isOpen: code === 'PLAN_NOT_COMPUTED' },
    ]),
  );
}

export async function plannedTotals(
  { kysely }: Database,
  planId: string,
): Promise<{ requests: number; objects: number }> {
  const { requests } = await kysely
    .selectFrom('plan_requests')
    .select(({ fn }) => fn.countAll<number>().as('requests'))
    .where('run_id', '=', planId)
    .executeTakeFirstOrThrow();
  const { objects } = await kysely
    .selectFrom('outcomes')
    .select(({ fn }) => fn.countAll<number>().as('objects'))
    .where('run_id', '=', planId)
    .where('code', '=', 'PLANNED')
    .executeTakeFirstOrThrow();
  return { requests: Number(requests), objects: Number(objects) };
}
