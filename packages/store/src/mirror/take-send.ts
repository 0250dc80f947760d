import { Fault, type RunId } from '@drover/model';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Trx } from '../feeds/feed-rows.js';

/** The feed's open send for this transaction alone. */
export async function holdSend(trx: Trx, traits: DialectTraits, feedId: string): Promise<void> {
  const query = trx.selectFrom('mirror_sends').select('feed_id').where('feed_id', '=', feedId);
  await (traits.rowLocks ? query.forUpdate() : query).execute();
}

/** Makes the run the one of the feed's open send, in the run's own transaction: a send has one run, whatever dies. */
export async function takeSend(
  trx: Trx,
  { feedId, begunAt, passId, runId }: { feedId: string; begunAt: string; passId: string; runId: RunId },
): Promise<void> {
  const taken = await trx
    .updateTable('mirror_sends')
    .set({ run_id: runId })
    .where('feed_id', '=', feedId)
    .where('run_id', 'is', null)
    // Another one may have been begun by now, of which this run knows nothing.
    .where('created_at', '=', Date.parse(begunAt))
    .executeTakeFirst();
  if (taken.numUpdatedRows === 0n) {
    throw new Fault('RUN_IN_PROGRESS', `The changes of ${feedId} are on their way by another run already.`);
  }
  await trx
    .updateTable('mirror_offers')
    .set({ pass_id: passId, run_id: runId })
    .where('feed_id', '=', feedId)
    .where('status', '=', 'sending')
    .execute();
}
