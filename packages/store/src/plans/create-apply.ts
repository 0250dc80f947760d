import type { PositionRange } from '@drover/engine';
import { ENDED_RUN_STATUSES, Fault, type RunId } from '@drover/model';
import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { insertRun, peekSlice, takePass, takeSlice } from '../runs/create-run.js';
import { type RunRow, formatRanges, limitsOf, parseRanges } from '../runs/rows.js';

type Trx = Transaction<Tables>;

/** Queues the run that applies a plan: over the same positions, if they are still the next ones of the pass. */
export async function createApply(
  trx: Trx,
  traits: DialectTraits,
  planId: RunId,
  { exclusiveKey }: { exclusiveKey?: string },
  now: number,
): Promise<RunId> {
  const plan = await trx.selectFrom('runs').selectAll().where('id', '=', planId).executeTakeFirst();
  if (plan === undefined) throw new Fault('NOT_FOUND', `There is no run ${planId}.`);
  await refuseIncomplete(trx, plan);
  const pass = await takePass(trx, traits, plan.pass_id);
  const next = await peekSlice(trx, pass.id, plan.objects);
  const isNext = formatRanges(joined(next)) === formatRanges(await plannedRanges(trx, planId));
  if (pass.status !== 'open' || !isNext || (pass.slices === 0) !== (plan.is_first_slice === 1)) {
    throw new Fault(
      'PLAN_STALE',
      `The objects of ${planId} are not the next ones of their pass any more: a run took them, or the collection was offered anew. Plan again.`,
    );
  }
  await trx.updateTable('passes').set({ mode: 'apply' }).where('id', '=', pass.id).execute();
  const slice = await takeSlice(trx, pass.id, plan.objects);
  const request = {
    trigger: plan.trigger,
    mode: 'apply' as const,
    objectsPerRun: plan.objects_per_run,
    limits: limitsOf(plan),
    planId,
    ...(exclusiveKey === undefined ? {} : { exclusiveKey }),
  };
  return insertRun(trx, pass, slice, request, now);
}

async function refuseIncomplete(trx: Trx, plan: RunRow): Promise<void> {
  const why = await incompleteness(trx, plan);
  if (why !== undefined) throw new Fault('PLAN_INCOMPLETE', `${plan.id} cannot be applied: ${why}.`);
}

async function incompleteness(trx: Trx, plan: RunRow): Promise<string | undefined> {
  if (!(ENDED_RUN_STATUSES as readonly string[]).includes(plan.status)) return 'it has not ended';
  if (plan.cancel_requested === 1) return 'it was cancelled before its end';
  if (plan.fault !== null) return 'a fault ended it before its end';
  const prepared = await trx
    .selectFrom('plan_requests')
    .select('seq')
    .where('run_id', '=', plan.id)
    .where('hook', '=', 'prepare')
    .limit(1)
    .executeTakeFirst();
  return prepared === undefined
    ? undefined
    : 'its prepare ends at a write, so that nothing after that could be planned; run the action without a plan';
}

/** The positions that a plan looked at, as the fewest ranges. */
async function plannedRanges(trx: Trx, planId: string): Promise<PositionRange[]> {
  const batches = await trx
    .selectFrom('tasks')
    .select('ranges')
    .where('run_id', '=', planId)
    .where('kind', 'in', ['batch', 'all'])
    .execute();
  return joined(batches.flatMap(({ ranges }) => parseRanges(ranges)));
}

/** Ranges that touch or overlap as one, in order. */
function joined(ranges: readonly PositionRange[]): PositionRange[] {
  const inOrder = [...ranges].sort((left, right) => left.from - right.from);
  const result: PositionRange[] = [];
  for (const { from, to } of inOrder) {
    const last = result.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}
