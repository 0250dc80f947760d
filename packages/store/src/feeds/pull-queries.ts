import type { LogLine, PageReason, Pull } from '@drover/engine';
import type { Page, PageRequest } from '@drover/model';
import type { Database } from '../database/database.js';
import { insertRows } from '../database/insert-rows.js';
import { pageLimit } from '../objects/page-cursor.js';
import { toPull } from './feed-rows.js';

/** Lines that one look takes. */
const LOG_PAGE = 500;

export async function findPull({ kysely }: Database, id: string, now: number): Promise<Pull | undefined> {
  const row = await kysely.selectFrom('pulls').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toPull(row, now);
}

export async function listPulls(
  { kysely }: Database,
  feedId: string,
  { now, ...request }: PageRequest & { now: number },
): Promise<Page<Pull>> {
  const limit = pageLimit(request);
  let query = kysely.selectFrom('pulls').selectAll().where('feed_id', '=', feedId);
  if (request.cursor !== undefined) query = query.where('id', '<', request.cursor);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const data = rows.slice(0, limit).map((row) => toPull(row, now));
  return rows.length > limit ? { data, nextCursor: data.at(-1)!.id } : { data };
}

export async function listReasons({ kysely }: Database, pullId: string): Promise<PageReason[]> {
  const rows = await kysely
    .selectFrom('pull_reasons')
    .selectAll()
    .where('pull_id', '=', pullId)
    .orderBy('objects', 'desc')
    .orderBy('reason_key')
    .execute();
  return rows.map(({ kind, code, reason, objects }) => ({
    kind: kind as PageReason['kind'],
    code,
    reason,
    objects,
  }));
}

export async function appendPullLog(
  { kysely, traits }: Database,
  { id, lines, now }: { id: string; lines: readonly LogLine[]; now: number },
): Promise<void> {
  await insertRows(kysely, traits, {
    table: 'pull_log',
    columns: ['pull_id', 'at', 'level', 'message', 'fields'],
    rows: lines.map(({ level, message, fields }) => [
      id,
      now,
      level,
      message,
      fields === undefined ? null : JSON.stringify(fields),
    ]),
  });
}

export async function readPullLog(
  { kysely }: Database,
  pullId: string,
  afterSeq: number,
): Promise<{ seq: number; line: LogLine }[]> {
  const rows = await kysely
    .selectFrom('pull_log')
    .selectAll()
    .where('pull_id', '=', pullId)
    .where('seq', '>', afterSeq)
    .orderBy('seq')
    .limit(LOG_PAGE)
    .execute();
  return rows.map(({ seq, level, message, fields }) => ({
    seq,
    line: {
      level: level as LogLine['level'],
      message,
      ...(fields === null ? {} : { fields: JSON.parse(fields) as Record<string, unknown> }),
    },
  }));
}
