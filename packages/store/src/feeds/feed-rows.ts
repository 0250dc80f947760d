import type { ClaimedPull, Feed, Pull } from '@drover/engine';
import type { FaultRecord, JsonValue } from '@drover/model';
import type { Database } from '../database/database.js';
import { type Kysely, type Selectable, type Transaction, sql } from 'kysely';
import type { Tables } from '../database/tables.js';

export type Trx = Transaction<Tables>;
export type FeedRow = Selectable<Tables['feeds']>;
export type PullRow = Selectable<Tables['pulls']>;
type CountedFeedRow = FeedRow & { present: number; absent: number; rules: string };

/** Feeds with how many objects they have brought. */
export function selectFeeds(db: Kysely<Tables>) {
  const brought = (condition: string) =>
    sql<number>`(select count(*) from feed_objects as b where b.feed_id = f.id and b.absent_at ${sql.raw(condition)})`;
  return db
    .selectFrom('feeds as f')
    .innerJoin('mirror_rules as r', (join) =>
      join.onRef('r.feed_id', '=', 'f.id').onRef('r.version', '=', 'f.mirror_version'),
    )
    .selectAll('f')
    .select('r.rules')
    .select([brought('is null').as('present'), brought('is not null').as('absent')]);
}

/** The feed's row, locked: whatever opens or ends its pulls waits here for each other. */
export async function lockFeed(trx: Trx, { traits }: Database, id: string): Promise<FeedRow | undefined> {
  const query = trx.selectFrom('feeds').selectAll().where('id', '=', id);
  return (traits.rowLocks ? query.forUpdate() : query).executeTakeFirst();
}

export function toFeed(row: CountedFeedRow): Feed {
  return {
    id: row.id as Feed['id'],
    name: row.name,
    pluginId: row.plugin_id,
    connectionId: row.connection_id as Feed['connectionId'],
    collectionId: row.collection_id as Feed['collectionId'],
    config: JSON.parse(row.config) as Record<string, unknown>,
    everyMs: row.every_ms,
    absentAfter: row.absent_after,
    ...(row.retention_days === null ? {} : { retentionDays: row.retention_days }),
    status: row.status as Feed['status'],
    dueAt: iso(row.due_at),
    failures: row.failures,
    ...(row.checkpoint === null ? {} : { checkpoint: JSON.parse(row.checkpoint) as JsonValue }),
    fullPasses: row.full_passes,
    ...(row.synced_at === null ? {} : { syncedAt: iso(row.synced_at) }),
    mirror: JSON.parse(row.rules) as Feed['mirror'],
    mirrorConfig: JSON.parse(row.mirror_config) as Record<string, unknown>,
    createdAt: iso(row.created_at),
    objects: { present: Number(row.present), absent: Number(row.absent) },
  };
}

export function toPull(row: PullRow, now: number): Pull {
  const isOpen = row.ended_at === null;
  const isHeld = isOpen && row.lease_until !== null && row.lease_until >= now;
  const { pages, created, updated, unchanged, duplicates, rejected, skipped, absent, forgotten } = row;
  return {
    id: row.id as Pull['id'],
    feedId: row.feed_id as Pull['feedId'],
    status: row.status as Pull['status'],
    trigger: row.trigger as Pull['trigger'],
    attempt: row.attempt,
    counts: { pages, created, updated, unchanged, duplicates, rejected, skipped, absent, forgotten },
    vendorCalls: row.vendor_calls,
    waitedMs: row.waited_ms,
    ...(row.fault === null ? {} : { fault: JSON.parse(row.fault) as FaultRecord }),
    ...(isOpen && !isHeld ? { dueAt: iso(row.due_at) } : {}),
    isHeld,
    createdAt: iso(row.created_at),
    ...(row.started_at === null ? {} : { startedAt: iso(row.started_at) }),
    ...(row.ended_at === null ? {} : { endedAt: iso(row.ended_at) }),
  };
}

export function toClaimedPull(row: PullRow, feed: CountedFeedRow): ClaimedPull {
  return {
    id: row.id as ClaimedPull['id'],
    feed: toFeed(feed),
    trigger: row.trigger as ClaimedPull['trigger'],
    attempt: row.attempt,
    tries: row.tries,
    ...(row.waiting_since === null ? {} : { waitingSince: new Date(row.waiting_since) }),
    leaseOwner: row.lease_owner!,
    leaseToken: row.lease_token,
    startedAt: new Date(row.started_at!),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
