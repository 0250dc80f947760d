import { sql } from 'kysely';
import { type FeedRow, type Trx } from '../feeds/feed-rows.js';

/** Removes all that is kept about a feed's mirroring; a run that sends goes on. */
export async function forgetMirror(trx: Trx, { id, mirror_collection_id: listId }: FeedRow): Promise<void> {
  for (const table of ['mirror_rules', 'mirror_sends', 'mirror_offers', 'mirror_conflicts'] as const) {
    await trx.deleteFrom(table).where('feed_id', '=', id).execute();
  }
  if (listId === null) return;
  await trx.deleteFrom('collection_members').where('collection_id', '=', listId).execute();
  await trx.deleteFrom('collections').where('id', '=', listId).execute();
}

/** Removes what did not reach the vendor about objects that the feed has forgotten. */
export async function forgetOffers(trx: Trx, feedId: string): Promise<void> {
  await sql`delete from mirror_offers where feed_id = ${feedId} and status <> 'sending'
    and object_seq not in (select object_seq from feed_objects where feed_id = ${feedId})`.execute(trx);
}
