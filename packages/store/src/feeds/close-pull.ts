import type { EndedRunStatus, FaultRecord } from '@drover/model';
import type { Trx } from './feed-rows.js';

/** Ends a pull's row; nobody holds it any more. */
export async function closePull(
  trx: Trx,
  id: string,
  { status, now, fault }: { status: EndedRunStatus; now: number; fault?: FaultRecord },
): Promise<void> {
  await trx
    .updateTable('pulls')
    .set({
      status,
      ended_at: now,
      lease_owner: null,
      lease_until: null,
      waiting_since: null,
      fault: fault === undefined ? null : JSON.stringify(fault),
    })
    .where('id', '=', id)
    .execute();
}
