import type { ClaimedPull, Pause, PullFigures } from '@drover/engine';
import type { EndedRunStatus, FaultRecord } from '@drover/model';
import { sql } from 'kysely';
import type { Database } from '../database/database.js';
import { closePull } from './close-pull.js';
import { forgetOld } from './feed-members.js';
import { lockFeed } from './feed-rows.js';
import { whileLeased } from './keep-page.js';
import { backOff } from './pull-queue.js';

/** Lets go of a pull that is to go on later, from the checkpoint of its last page. */
export async function pausePull(
  database: Database,
  pull: ClaimedPull,
  { now, dueAt, why, fault, figures }: Pause,
): Promise<void> {
  const isWaiting = why === 'rate limit';
  await database.kysely.transaction().execute((trx) =>
    whileLeased(trx, pull, {
      ...sums(figures),
      status: why === 'stopped' ? 'queued' : 'waiting',
      due_at: dueAt.getTime(),
      lease_owner: null,
      lease_until: null,
      fault: fault === undefined ? null : JSON.stringify(fault),
      ...(why === 'fault' ? { tries: sql<number>`tries + 1` } : {}),
      ...(isWaiting ? { waiting_since: sql<number>`coalesce(waiting_since, ${now.getTime()})` } : {}),
    }),
  );
}

export async function endPull(
  database: Database,
  pull: ClaimedPull,
  { fault, figures, now }: { fault?: FaultRecord; figures: PullFigures; now: Date },
): Promise<EndedRunStatus> {
  const at = now.getTime();
  return database.kysely.transaction().execute(async (trx) => {
    await lockFeed(trx, database, pull.feed.id);
    await whileLeased(trx, pull, sums(figures));
    const { rejected } = await trx
      .selectFrom('pulls')
      .select('rejected')
      .where('id', '=', pull.id)
      .executeTakeFirstOrThrow();
    const status = fault !== undefined ? 'failed' : rejected > 0 ? 'partial' : 'succeeded';
    const forgotten = await forgetOld(trx, database, pull.feed, at);
    await trx.updateTable('pulls').set({ forgotten }).where('id', '=', pull.id).execute();
    await closePull(trx, pull.id, { status, now: at, ...(fault === undefined ? {} : { fault }) });
    if (fault !== undefined) await backOff(trx, pull.feed.id, at);
    else {
      const well = { failures: 0, synced_at: at };
      await trx.updateTable('feeds').set(well).where('id', '=', pull.feed.id).execute();
    }
    return status;
  });
}

function sums({ vendorCalls, waitedMs }: PullFigures) {
  return {
    vendor_calls: sql<number>`vendor_calls + ${vendorCalls}`,
    waited_ms: sql<number>`waited_ms + ${Math.round(waitedMs)}`,
  };
}
