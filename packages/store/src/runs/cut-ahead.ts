import type { ClaimedTask, PositionRange, RunLimits } from '@drover/engine';
import type { Answer, RoundTrip } from '../database/round-trip.js';
import { returnToFirstRange, takeFromFirstRange } from './claim-queries.js';
import type { RunRow, TaskRow } from './rows.js';

/** Positions that a settlement has cut for the claim that follows it, in the trip that took the run. */
export interface CutAhead {
  from: number;
  objects: number;
}

/**
 * Cuts as many positions as the settled batch had, since its run mostly goes on with one more like it. What the claim has no use
 * for is put back in the same transaction.
 */
export function askToCutAhead(trip: RoundTrip, task: ClaimedTask): () => CutAhead | undefined {
  if (task.kind !== 'batch' || task.attempt > 1 || task.run.planId !== undefined) return () => undefined;
  const objects = task.ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  const taken: Answer<{ from: number }> = takeFromFirstRange.ask(trip, { runId: task.run.id, objects });
  return () => taken.rows.map(({ from }) => ({ from, objects }))[0];
}

/** Whether the run's next batch is exactly what was cut. */
export function isNextBatch(
  { objects }: CutAhead,
  { run, limits, open, now }: { run: RunRow; limits: RunLimits; open: readonly TaskRow[]; now: number },
): boolean {
  const isCutByNumber = limits.batchBytes === undefined && limits.batchObjects === objects;
  const goesOn = run.phase === 'execute' && limits.scope === 'slice' && run.plan_id === null;
  const isDue = open.some(({ status, due_at: dueAt }) => status !== 'leased' && dueAt <= now);
  const isOpenToAll = !limits.firstBatchAlone || run.first_batch_done === 1;
  const leased = open.filter(({ status }) => status === 'leased').length;
  return (
    isCutByNumber && goesOn && !isDue && isOpenToAll && run.pending === 0 && leased < limits.runConcurrency
  );
}

export function rangeOf({ from, objects }: CutAhead): PositionRange {
  return { from, to: from + objects };
}

export async function putBack(
  db: Parameters<typeof returnToFirstRange>[0],
  runId: string,
  { from, objects }: CutAhead,
): Promise<void> {
  await returnToFirstRange(db, { runId, from, cutTo: from + objects });
}
