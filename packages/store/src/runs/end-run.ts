import type { ClaimedTask, Figures, PlanRecord } from '@drover/engine';
import { type EndedRunStatus, type FaultRecord, endStatusOf } from '@drover/model';
import type { Database } from '../database/database.js';
import { exclusiveLease } from './claim.js';
import { recordPlan } from '../plans/record-plan.js';
import { whileHeld } from './hold-task.js';
import { remainingOf } from './passes.js';
import { countsOf } from './rows.js';
import { figureSums, insertEvent } from './task-end.js';
import { endTaskRow } from './claim-queries.js';

export async function endRun(
  database: Database,
  task: ClaimedTask,
  end: { fault?: FaultRecord; finishFault?: FaultRecord; figures: Figures; plan?: PlanRecord; now: number },
): Promise<EndedRunStatus> {
  return whileHeld(database, task, { ended: true }, async (trx, run) => {
    const isPlan = run.mode === 'plan';
    const remaining = isPlan ? run.remaining : await remainingOf(trx, run.pass_id);
    const fault = run.fault ?? (end.fault === undefined ? null : JSON.stringify(end.fault));
    const deferred = run.retry_of === null && !isPlan ? remaining : run.deferred;
    const status = endStatusOf(
      { ...countsOf(run), deferred },
      {
        cancelled: run.cancel_requested === 1 && fault === null,
        fault: fault !== null,
        finishFault: end.finishFault !== undefined,
      },
    );
    await trx
      .updateTable('runs')
      .set({
        status,
        phase: 'ended',
        ended_at: end.now,
        fault,
        finish_fault: end.finishFault === undefined ? null : JSON.stringify(end.finishFault),
        deferred,
        remaining,
        ...figureSums(end.figures),
      })
      .where('id', '=', run.id)
      .execute();
    if (run.exclusive_key !== null) {
      await trx
        .deleteFrom('leases')
        .where('name', '=', exclusiveLease(run.exclusive_key))
        .where('owner', '=', run.id)
        .execute();
    }
    if (end.plan !== undefined) await recordPlan(trx, database, run.id, end.plan);
    if (remaining === 0 && !isPlan) {
      await trx
        .updateTable('passes')
        .set({ status: 'done' })
        .where('id', '=', run.pass_id)
        .where('status', '=', 'open')
        .execute();
    }
    await endTaskRow(trx, { id: task.id, now: end.now });
    await insertEvent(trx, run.id, 'ended', { status }, end.now);
    return status;
  });
}
