import type { Feed } from '@drover/engine';
import { sql } from 'kysely';
import { forgetOffers } from '../mirror/forget-mirror.js';
import type { Database } from '../database/database.js';
import { OBJECTS_LOCK } from '../objects/object-rows.js';
import type { Trx } from './feed-rows.js';

const DAY_MS = 24 * 3_600_000;

/**
 * Marks the objects absent that the last full passes have not seen and takes them off the collection, unless another feed
 * keeps them there. Returns how many became absent.
 */
export async function settleAbsent(
  trx: Trx,
  database: Database,
  feed: Feed,
  { fullPasses, at }: { fullPasses: number; at: number },
): Promise<number> {
  await whileNoneComes(trx, database);
  const marked = await trx
    .updateTable('feed_objects')
    .set({ absent_at: at })
    .where('feed_id', '=', feed.id)
    .where('absent_at', 'is', null)
    .where('seen_pass', '<=', fullPasses - feed.absentAfter)
    .executeTakeFirst();
  if (marked.numUpdatedRows > 0n) await leaveCollection(trx, feed, sql`mine.absent_at = ${at}`);
  return Number(marked.numUpdatedRows);
}

/** Forgets what the feed has not seen for longer than its retention: it leaves the collection and stays in the library. */
export async function forgetOld(trx: Trx, database: Database, feed: Feed, now: number): Promise<number> {
  if (feed.retentionDays === undefined) return 0;
  await whileNoneComes(trx, database);
  const before = now - feed.retentionDays * DAY_MS;
  await leaveCollection(trx, feed, sql`mine.seen_at < ${before}`);
  const gone = await trx
    .deleteFrom('feed_objects')
    .where('feed_id', '=', feed.id)
    .where('seen_at', '<', before)
    .executeTakeFirst();
  await forgetOffers(trx, feed.id);
  return Number(gone.numDeletedRows);
}

/** Whoever brings objects, or takes them off a collection, does it alone: each has to see what the others have seen. */
function whileNoneComes(trx: Trx, { traits }: Database): Promise<void> {
  return traits.serialize(trx, OBJECTS_LOCK);
}

async function leaveCollection(
  trx: Trx,
  { id, collectionId }: Feed,
  which: ReturnType<typeof sql>,
): Promise<void> {
  await sql`delete from collection_members
    where collection_id = ${collectionId}
      and object_seq in (
        select mine.object_seq from feed_objects as mine where mine.feed_id = ${id} and ${which}
      )
      and not exists (
        select 1 from feed_objects as other join feeds as f on f.id = other.feed_id
        where other.object_seq = collection_members.object_seq and other.feed_id <> ${id}
          and other.absent_at is null and f.collection_id = ${collectionId}
      )`.execute(trx);
}
