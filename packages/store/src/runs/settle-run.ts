import type { Settlement } from '@drover/engine';
import { type Transaction, sql } from 'kysely';
import type { Answer, RoundTrip } from '../database/round-trip.js';
import type { Tables } from '../database/tables.js';
import type { WriteBackReport } from '../objects/write-back.js';
import type { HeldRun } from './claim.js';
import { addCounts, openTasks } from './claim-queries.js';
import { askToCutAhead, putBack } from './cut-ahead.js';
import { defer } from './open-ranges.js';
import type { RunRow } from './rows.js';
import { waitForPoll } from './settle-parked.js';
import { askForEvent } from './task-end.js';

type Trx = Transaction<Tables>;

export interface Settling {
  now: number;
  announce: boolean;
}

/** What a settlement has come to, for its run to count. */
export interface Tallied {
  counts: ReadonlyMap<string, number>;
  written: WriteBackReport;
  /** By how many the run's parked objects have become more. */
  parked: number;
}

/** Whether there is nothing to a settlement but outcomes and what they set on their objects, as of nearly all batches. */
export function isPlain(settlement: Settlement): boolean {
  const { task, plan, parked, revised, again, waiting, suspects, quarantined } = settlement;
  const { stepKey, mode } = task.run;
  const isOfNoStep = stepKey === undefined && mode !== 'plan' && task.kind !== 'poll';
  const lists = [parked, revised, suspects, quarantined];
  return (
    isOfNoStep &&
    plan === undefined &&
    again === undefined &&
    waiting === undefined &&
    lists.every((list) => !list?.length)
  );
}

/**
 * What changes the run: the batches of a run wait for each other from here to the commit. Gives the run where it is still as this
 * settlement has left it.
 */
export async function settleRun(
  trip: RoundTrip,
  {
    settlement,
    counts,
    written,
    parked,
    now,
    announce,
    isToClaim,
  }: Settling & Tallied & { settlement: Settlement; isToClaim: boolean },
): Promise<HeldRun | undefined> {
  const runId = settlement.task.run.id;
  const counted = askToCount(trip, settlement, { counts, written, now, announce });
  const open = isToClaim ? openTasks.ask(trip, { runId }) : undefined;
  const ahead = isToClaim && goesOnAlike(settlement) ? askToCutAhead(trip, settlement.task) : undefined;
  await trip.make();
  const trx = trip.db as Trx;
  const run = counted.rows[0]!;
  await defer(trx, run, settlement.deferred ?? []);
  const first = settlement.cleanFirst === true && run.first_batch_done === 0;
  const changes = {
    ...(parked === 0 ? {} : { pending: sql<number>`pending + ${parked}` }),
    ...(first ? { first_batch_done: 1 as const } : {}),
    ...(settlement.runFault === undefined || run.fault !== null
      ? {}
      : { fault: JSON.stringify(settlement.runFault) }),
  };
  const isChanged = Object.keys(changes).length > 0;
  if (isChanged) await trx.updateTable('runs').set(changes).where('id', '=', run.id).execute();
  if (first && run.mode !== 'plan') {
    await trx
      .updateTable('passes')
      .set({ slices: sql<number>`slices + 1` })
      .where('id', '=', run.pass_id)
      .execute();
  }
  const pending = run.pending + parked;
  const goesOn = run.fault === null && settlement.runFault === undefined && run.cancel_requested === 0;
  if (pending > 0 && goesOn) await waitForPoll(trx, run.id, { pending, now });
  const isAsCounted = !isChanged && pending === 0 && settlement.deferred === undefined;
  if (isAsCounted && open !== undefined) return { run, open: open.rows, ahead: ahead?.() };
  const cut = ahead?.();
  if (cut !== undefined) await putBack(trx, run.id, cut);
  return undefined;
}

/** Whether nothing about a settlement says that its run does anything else than before. */
export function goesOnAlike(settlement: Settlement): boolean {
  const { cleanFirst, task, deferred, runFault } = settlement;
  const isFirst = cleanFirst === true && task.isFirstOfPass;
  return isPlain(settlement) && !isFirst && deferred === undefined && runFault === undefined;
}

/** Adds what a settlement counts to the counts of its run, and takes the run for this transaction alone. */
export function askToCount(
  trip: RoundTrip,
  settlement: Settlement,
  { counts, written, now, announce }: Settling & Pick<Tallied, 'counts' | 'written'>,
): Answer<RunRow> {
  const { vendorCalls, vendorWrites, waitedMs } = settlement.figures;
  const { id } = settlement.task.run;
  const counted = addCounts.ask(trip, {
    id,
    succeeded: counts.get('succeeded') ?? 0,
    unchanged: counts.get('unchanged') ?? 0,
    skipped: counts.get('skipped') ?? 0,
    rejected: counts.get('rejected') ?? 0,
    failed: counts.get('failed') ?? 0,
    deferred: counts.get('deferred') ?? 0,
    unknown: counts.get('unknown') ?? 0,
    taken: settlement.outcomes.length,
    written: written.objectsWritten,
    attributes: written.attributesWritten,
    vendorCalls,
    vendorWrites,
    waitedMs: Math.round(waitedMs),
  });
  if (announce) askForEvent(trip, id, 'progress', Object.fromEntries(counts), now);
  return counted;
}
