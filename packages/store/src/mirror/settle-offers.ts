import type { AttributeValue, OutcomeStatus } from '@drover/model';
import { sql } from 'kysely';
import type { Trx } from '../feeds/feed-rows.js';
import { backOffMs } from '../runs/handled.js';
import { readShadow } from './shadow.js';

/** What became of an object in the run that offered it. */
export interface Verdict {
  status: OutcomeStatus;
  code: string | null;
  message: string | null;
}

export interface OfferRow {
  feed_id: string;
  object_seq: number;
  offered: string;
  base: string;
  failures: number;
}

/** The answer of `run resolve --as not-sent`: nothing has to be waited for. */
const RESOLVED = 'RESOLVED_NOT_SENT';

/** Keeps what an offer came to: agreed on, refused, failed or unknown. Returns whether both sides agree by it. */
export async function settleOffer(
  trx: Trx,
  offer: OfferRow,
  { verdict, now }: { verdict: Verdict; now: number },
): Promise<boolean> {
  switch (verdict.status) {
    case 'succeeded':
    case 'unchanged':
      await agree(trx, offer);
      return true;
    case 'skipped':
    case 'rejected':
      await put(trx, offer, { ...verdict, status: 'refused', retry_at: null, at: now });
      return false;
    case 'unknown':
      await put(trx, offer, { ...verdict, status: 'unknown', retry_at: null, at: now });
      return false;
    case 'failed':
    case 'deferred': {
      const failures = offer.failures + 1;
      const retryAt = verdict.code === RESOLVED ? now : now + backOffMs(failures);
      await put(trx, offer, { ...verdict, status: 'failed', failures, retry_at: retryAt, at: now });
      return false;
    }
  }
}

/** The vendor has what was offered, unless a page has brought another value of a field since. */
async function agree(trx: Trx, offer: OfferRow): Promise<void> {
  const row = await trx
    .selectFrom('feed_objects')
    .select('shadow')
    .where('feed_id', '=', offer.feed_id)
    .where('object_seq', '=', offer.object_seq)
    .executeTakeFirst();
  await trx
    .deleteFrom('mirror_offers')
    .where('feed_id', '=', offer.feed_id)
    .where('object_seq', '=', offer.object_seq)
    .execute();
  if (row === undefined) return;
  const shadow = readShadow(row.shadow);
  const base = JSON.parse(offer.base) as Record<string, AttributeValue>;
  for (const [name, value] of Object.entries(JSON.parse(offer.offered) as Record<string, AttributeValue>)) {
    const field = shadow.fields[name];
    if (field?.agreed === base[name]) shadow.fields[name] = { ...field, agreed: value };
  }
  await trx
    .updateTable('feed_objects')
    .set({ shadow: JSON.stringify(shadow), checked_revision: null })
    .where('feed_id', '=', offer.feed_id)
    .where('object_seq', '=', offer.object_seq)
    .execute();
}

async function put(
  trx: Trx,
  offer: OfferRow,
  changes: {
    status: string;
    code: string | null;
    message: string | null;
    failures?: number;
    retry_at: number | null;
    at: number;
  },
): Promise<void> {
  await trx
    .updateTable('mirror_offers')
    .set(changes)
    .where('feed_id', '=', offer.feed_id)
    .where('object_seq', '=', offer.object_seq)
    .execute();
}

export async function countOut(trx: Trx, feedId: string, objects: number): Promise<void> {
  if (objects === 0) return;
  await trx
    .updateTable('feeds')
    .set({ mirrored_out: sql<number>`mirrored_out + ${objects}` })
    .where('id', '=', feedId)
    .execute();
}
