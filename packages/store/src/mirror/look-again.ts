import { OPEN_RUN_STATUSES } from '@drover/model';
import type { Trx } from '../feeds/feed-rows.js';
import { type OfferRow, type Verdict, countOut, settleOffer } from './settle-offers.js';
import { outcomesOf } from './run-outcomes.js';

type StaleOffer = OfferRow & { status: string; pass_id: string };

/** A minute: until a run that a person started over the same objects is looked at again. */
const BUSY_MS = 60_000;

/**
 * What a person has done since about objects that failed or whose outcome is unknown (`run retry`, `run resolve`) counts
 * before anything is offered again.
 */
export async function lookAgain(trx: Trx, { feedId, now }: { feedId: string; now: number }): Promise<void> {
  const offers = await trx
    .selectFrom('mirror_offers')
    .select(['feed_id', 'object_seq', 'offered', 'base', 'failures', 'status', 'pass_id'])
    .where('feed_id', '=', feedId)
    .where('pass_id', 'is not', null)
    .where(({ or, and, eb }) =>
      or([eb('status', '=', 'unknown'), and([eb('status', '=', 'failed'), eb('retry_at', '<=', now)])]),
    )
    .execute();
  const passes = Map.groupBy(offers as StaleOffer[], ({ pass_id: id }) => id);
  let agreed = 0;
  for (const [passId, ofPass] of passes) {
    const runs = await runsOf(trx, passId);
    if (runs.some(({ status }) => (OPEN_RUN_STATUSES as readonly string[]).includes(status))) {
      await putOff(trx, ofPass, now + BUSY_MS);
      continue;
    }
    const outcomes = await latestOutcomes(trx, runs);
    for (const offer of ofPass) {
      const verdict = outcomes.get(offer.object_seq);
      if (verdict === undefined || verdict.status === offer.status) continue;
      if (await settleOffer(trx, offer, { verdict, now })) agreed += 1;
    }
  }
  await countOut(trx, feedId, agreed);
}

function runsOf(trx: Trx, passId: string): Promise<{ id: string; status: string }[]> {
  return trx
    .selectFrom('runs')
    .select(['id', 'status'])
    .where('pass_id', '=', passId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

async function latestOutcomes(trx: Trx, runs: readonly { id: string }[]): Promise<Map<number, Verdict>> {
  const latest = new Map<number, Verdict>();
  for (const { id } of runs) {
    for (const [seq, verdict] of await outcomesOf(trx, id)) latest.set(seq, verdict);
  }
  return latest;
}

async function putOff(trx: Trx, offers: readonly StaleOffer[], until: number): Promise<void> {
  for (const { feed_id: feedId, object_seq: seq, status } of offers) {
    if (status !== 'failed') continue;
    await trx
      .updateTable('mirror_offers')
      .set({ retry_at: until })
      .where('feed_id', '=', feedId)
      .where('object_seq', '=', seq)
      .execute();
  }
}
