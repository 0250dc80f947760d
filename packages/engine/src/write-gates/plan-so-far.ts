import type { OutcomeCounts } from '@drover/model';
import type { ClaimedTask, RunLedger } from '../ports/run-ledger.js';

/** Whether a plan's `prepare` came to a write: without its answer, nothing after it can be computed. */
export async function hasStoppedAtPrepare(ledger: RunLedger, { run }: ClaimedTask): Promise<boolean> {
  if (run.mode !== 'plan') return false;
  return (await ledger.expectedRequests({ planId: run.id, hook: 'prepare', batchIndex: 0 })).length > 0;
}

/** The sums that `finish` is told: those of a plan as they would be, had its requests come through. */
export async function sumsForFinish(
  ledger: RunLedger,
  { run }: ClaimedTask,
): Promise<{ counts: OutcomeCounts; vendorWrites: number }> {
  const { counts, vendorWrites, mode } = run;
  if (mode !== 'plan') return { counts, vendorWrites };
  const { requests, objects } = await ledger.plannedTotals(run.id);
  const asIfSent = { ...counts, succeeded: counts.succeeded + objects, skipped: counts.skipped - objects };
  return { counts: asIfSent, vendorWrites: requests };
}
