import { Fault, type RunId } from '@drover/model';
import type { Trx } from '../feeds/feed-rows.js';

/** Makes the run the one of the feed's open send, in the run's own transaction: a send has one run, whatever dies. */
export async function takeSend(
  trx: Trx,
  { feedId, passId, runId }: { feedId: string; passId: string; runId: RunId },
): Promise<void> {
  const taken = await trx
    .updateTable('mirror_sends')
    .set({ run_id: runId })
    .where('feed_id', '=', feedId)
    .where('run_id', 'is', null)
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
