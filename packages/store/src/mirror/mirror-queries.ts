import type { MirrorConflict, MirrorFigures, MirrorOffer } from '@drover/engine';
import type { AttributeValue, FeedId, Page, PageRequest, RunId } from '@drover/model';
import type { Database } from '../database/database.js';
import { decodeCursor, encodeCursor, pageLimit } from '../objects/page-cursor.js';
import { readRules } from './rule-rows.js';

export async function sendingFeeds({ kysely }: Database): Promise<FeedId[]> {
  const rows = await kysely
    .selectFrom('mirror_rules')
    .select('feed_id')
    .distinct()
    .where('goes_out', '=', 1)
    .orderBy('feed_id')
    .execute();
  return rows.map(({ feed_id }) => feed_id as FeedId);
}

export async function readFigures({ kysely }: Database, feedId: string): Promise<MirrorFigures> {
  const figures: MirrorFigures = {
    objects: { none: 0, in: 0, out: 0, both: 0 },
    cameIn: 0,
    wentOut: 0,
    conflicts: 0,
    sending: 0,
    refused: 0,
    failed: 0,
    unknown: 0,
  };
  return kysely.transaction().execute(async (trx) => {
    const rules = await readRules(trx, feedId);
    const objects = await trx
      .selectFrom('feed_objects')
      .select(['mirror_version', ({ fn }) => fn.countAll().as('n')])
      .where('feed_id', '=', feedId)
      .where('mirror_version', 'is not', null)
      .groupBy('mirror_version')
      .execute();
    for (const { mirror_version: version, n } of objects) {
      figures.objects[rules.get(version!)!.direction] += Number(n);
    }
    const offers = await trx
      .selectFrom('mirror_offers')
      .select(['status', ({ fn }) => fn.countAll().as('n')])
      .where('feed_id', '=', feedId)
      .groupBy('status')
      .execute();
    for (const { status, n } of offers) figures[status as MirrorOffer['status']] = Number(n);
    const { n: conflicts } = await trx
      .selectFrom('mirror_conflicts')
      .select(({ fn }) => fn.countAll().as('n'))
      .where('feed_id', '=', feedId)
      .executeTakeFirstOrThrow();
    const feed = await trx
      .selectFrom('feeds as f')
      .leftJoin('mirror_sends as s', 's.feed_id', 'f.id')
      .select(['f.mirrored_in', 'f.mirrored_out', 's.run_id'])
      .where('f.id', '=', feedId)
      .executeTakeFirst();
    return {
      ...figures,
      conflicts: Number(conflicts),
      cameIn: feed?.mirrored_in ?? 0,
      wentOut: feed?.mirrored_out ?? 0,
      ...(feed === undefined || feed.run_id === null ? {} : { runId: feed.run_id as RunId }),
    };
  });
}

export async function listOffers(
  { kysely }: Database,
  feedId: string,
  request: PageRequest,
): Promise<Page<MirrorOffer>> {
  const limit = pageLimit(request);
  const rows = await kysely
    .selectFrom('mirror_offers as f')
    .innerJoin('objects as o', 'o.seq', 'f.object_seq')
    .selectAll('f')
    .select(['o.id', 'o.type', 'o.value'])
    .where('f.feed_id', '=', feedId)
    .where('f.object_seq', '>', decodeCursor(request.cursor))
    .orderBy('f.object_seq')
    .limit(limit + 1)
    .execute();
  const data = rows.slice(0, limit).map((row): MirrorOffer => ({
    object: { id: row.id, type: row.type, value: row.value },
    status: row.status as MirrorOffer['status'],
    offered: JSON.parse(row.offered) as Record<string, AttributeValue>,
    ...(row.run_id === null ? {} : { runId: row.run_id as RunId }),
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.message === null ? {} : { message: row.message }),
    failures: row.failures,
    ...(row.retry_at === null ? {} : { retryAt: iso(row.retry_at) }),
    at: iso(row.at),
  }));
  return rows.length > limit ? { data, nextCursor: encodeCursor(rows[limit - 1]!.object_seq) } : { data };
}

export async function listConflicts(
  { kysely }: Database,
  feedId: string,
  request: PageRequest,
): Promise<Page<MirrorConflict>> {
  const limit = pageLimit(request);
  let query = kysely
    .selectFrom('mirror_conflicts as c')
    .innerJoin('objects as o', 'o.seq', 'c.object_seq')
    .selectAll('c')
    .select(['o.id', 'o.type', 'o.value'])
    .where('c.feed_id', '=', feedId);
  if (request.cursor !== undefined) query = query.where('c.seq', '<', decodeCursor(request.cursor));
  const rows = await query
    .orderBy('c.seq', 'desc')
    .limit(limit + 1)
    .execute();
  const data = rows.slice(0, limit).map((row): MirrorConflict => ({
    object: { id: row.id, type: row.type, value: row.value },
    field: row.field,
    local: { value: valueOf(row.local_value), source: row.local_source, at: iso(row.local_at) },
    vendor: { value: valueOf(row.vendor_value), at: iso(row.vendor_at) },
    winner: row.winner as MirrorConflict['winner'],
    at: iso(row.at),
  }));
  return rows.length > limit ? { data, nextCursor: encodeCursor(rows[limit - 1]!.seq) } : { data };
}

function valueOf(json: string): AttributeValue {
  return JSON.parse(json) as AttributeValue;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
