import type { Trx } from '../feeds/feed-rows.js';
import type { Verdict } from './settle-offers.js';

/** What became of each object in a run. */
export async function outcomesOf(trx: Trx, runId: string): Promise<Map<number, Verdict>> {
  const rows = await trx
    .selectFrom('outcomes')
    .select(['object_seq', 'status', 'code', 'message'])
    .where('run_id', '=', runId)
    .execute();
  return new Map(
    rows.map(({ object_seq, status, code, message }) => [
      object_seq,
      { status: status as Verdict['status'], code, message },
    ]),
  );
}
