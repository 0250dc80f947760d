import type { MirrorSend } from '@drover/engine';
import { type RunStatus, hasEnded } from '@drover/model';
import type { Database } from '../database/database.js';
import { type Trx, lockFeed } from '../feeds/feed-rows.js';
import { openSendOf, toSend } from './open-send.js';
import { outcomesOf } from './run-outcomes.js';
import { type OfferRow, type Verdict, countOut, settleOffer } from './settle-offers.js';

/** Settles the open send when its run has ended; returns the one that is still open. */
export async function settleSend(
  database: Database,
  feedId: string,
  now: number,
): Promise<MirrorSend | undefined> {
  return database.kysely.transaction().execute(async (trx) => {
    if ((await lockFeed(trx, database, feedId)) === undefined) return undefined;
    const open = await openSendOf(trx, feedId);
    if (open === undefined) return undefined;
    if (open.run_id === null) return toSend(trx, open);
    const run = await trx
      .selectFrom('runs')
      .select(['status', 'fault'])
      .where('id', '=', open.run_id)
      .executeTakeFirst();
    if (run !== undefined && !hasEnded(run.status as RunStatus)) return toSend(trx, open);
    await settleAll(trx, { feedId, runId: open.run_id, fault: run?.fault ?? null, now });
    await abandonPasses(trx, open.collection_id);
    return undefined;
  });
}

async function settleAll(
  trx: Trx,
  { feedId, runId, fault, now }: { feedId: string; runId: string; fault: string | null; now: number },
): Promise<void> {
  const outcomes = await outcomesOf(trx, runId);
  const notTaken = notTakenUp(runId, fault);
  let agreed = 0;
  for (const offer of await sendingOffers(trx, feedId)) {
    const verdict = outcomes.get(offer.object_seq) ?? notTaken;
    if (await settleOffer(trx, offer, { verdict, now })) agreed += 1;
  }
  await countOut(trx, feedId, agreed);
  await trx.deleteFrom('mirror_sends').where('feed_id', '=', feedId).execute();
}

/** Without an outcome an object was deferred: the run stopped before it. */
function notTakenUp(runId: string, fault: string | null): Verdict {
  const why = fault === null ? undefined : (JSON.parse(fault) as { code: string; message: string });
  return {
    status: 'deferred',
    code: why?.code ?? 'MIRROR_DEFERRED',
    message: why?.message ?? `${runId} ended before it came to this object; it is offered again.`,
  };
}

function sendingOffers(trx: Trx, feedId: string): Promise<OfferRow[]> {
  return trx
    .selectFrom('mirror_offers')
    .select(['feed_id', 'object_seq', 'offered', 'base', 'failures'])
    .where('feed_id', '=', feedId)
    .where('status', '=', 'sending')
    .execute();
}

/** Closes a send that no run could be made for. */
export async function failSend(
  database: Database,
  feedId: string,
  { begunAt, code, message, now }: { begunAt: string; code: string; message: string; now: number },
): Promise<void> {
  await database.kysely.transaction().execute(async (trx) => {
    await lockFeed(trx, database, feedId);
    const open = await openSendOf(trx, feedId);
    if (open === undefined) return;
    const closed = await trx
      .deleteFrom('mirror_sends')
      .where('feed_id', '=', feedId)
      // A run may have been made of it by now, and another one begun.
      .where('run_id', 'is', null)
      .where('created_at', '=', Date.parse(begunAt))
      .executeTakeFirst();
    if (closed.numDeletedRows === 0n) return;
    for (const offer of await sendingOffers(trx, feedId)) {
      await settleOffer(trx, offer, { verdict: { status: 'failed', code, message }, now });
    }
    await abandonPasses(trx, open.collection_id);
  });
}

/** What a send's run has not taken up is offered by another send. */
async function abandonPasses(trx: Trx, collectionId: string): Promise<void> {
  // The passes first, as whoever makes a run of one.
  const abandoned = await trx
    .updateTable('passes')
    .set({ status: 'abandoned' })
    .where('collection_id', '=', collectionId)
    .where('status', 'in', ['freezing', 'open'])
    .returning('id')
    .execute();
  if (abandoned.length === 0) return;
  await trx
    .deleteFrom('pass_ranges')
    .where(
      'pass_id',
      'in',
      abandoned.map(({ id }) => id),
    )
    .execute();
}
