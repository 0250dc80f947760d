import type { ClaimedPull, LogLine, PageReason, Pull } from '@drover/engine';
import type { Page, PageRequest } from '@drover/model';
import { sql } from 'kysely';
import { type Database, rowsFrom } from '../database/database.js';
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

const LOG_COLUMNS = { n: 'integer', at: 'bigint', level: 'text', message: 'text', fields: 'text' } as const;

/** One statement, so that whether the pull is still the claimer's and the lines go together. */
export async function appendPullLog(
  { kysely, traits }: Database,
  { pull, lines, now }: { pull: ClaimedPull; lines: readonly LogLine[]; now: number },
): Promise<void> {
  const rows = lines.map(({ level, message, fields }, n) => ({
    n,
    at: now,
    level,
    message,
    fields: fields === undefined ? null : JSON.stringify(fields),
  }));
  await sql`insert into pull_log (pull_id, at, level, message, fields)
    select pulls.id, lines.at, lines.level, lines.message, lines.fields
    from pulls, ${rowsFrom(traits, LOG_COLUMNS, rows)} as lines
    where pulls.id = ${pull.id} and pulls.ended_at is null
      and pulls.lease_owner = ${pull.leaseOwner} and pulls.lease_token = ${pull.leaseToken}
    order by lines.n`.execute(kysely);
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
