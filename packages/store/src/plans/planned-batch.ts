import type { PositionRange } from '@drover/engine';
import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.js';
import { RUN_RANGES, takeHead } from '../runs/open-ranges.js';
import { type RunRow, parseRanges } from '../runs/rows.js';

type Trx = Transaction<Tables>;

/** Takes the run's next batch as its plan cut it. */
export async function takePlannedBatch(trx: Trx, run: RunRow): Promise<PositionRange[]> {
  // Tries of a part of a batch have its index too; the batch itself came first.
  const batch = await trx
    .selectFrom('tasks')
    .select('ranges')
    .where('run_id', '=', run.plan_id)
    .where('kind', '=', 'batch')
    .where('batch_index', '=', run.batches_cut)
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  const taken: PositionRange[] = [];
  for (const range of parseRanges(batch?.ranges ?? null)) taken.push(...(await take(trx, run.id, range)));
  return taken;
}

/** Batches are cut in the order of their positions, so that each begins where an open range begins. */
async function take(trx: Trx, runId: string, { from, to }: PositionRange): Promise<PositionRange[]> {
  const open = await trx
    .selectFrom('run_ranges')
    .select(['from_position', 'to_position'])
    .where('run_id', '=', runId)
    .where('from_position', '>=', from)
    .where('from_position', '<', to)
    .orderBy('from_position')
    .execute();
  const taken: PositionRange[] = [];
  for (const range of open) {
    const takenTo = Math.min(range.to_position, to);
    await takeHead(trx, RUN_RANGES, runId, { ...range, takenTo });
    taken.push({ from: range.from_position, to: takenTo });
  }
  return taken;
}
