import type { PositionRange, RunLimits } from '@drover/engine';
import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.js';
import { openRunRanges, takeFromFirstRange } from './claim-queries.js';
import { RUN_RANGES, takeHead } from './open-ranges.js';
import type { RunRow } from './rows.js';

type Trx = Transaction<Tables>;

/** Takes the run's next positions: at most `batchObjects` of them, and `batchBytes` of values if that is limited. */
export async function cutBatch(trx: Trx, run: RunRow, limits: RunLimits): Promise<PositionRange[]> {
  if (limits.batchBytes === undefined) {
    const [head] = await takeFromFirstRange(trx, { runId: run.id, objects: limits.batchObjects });
    if (head !== undefined) return [{ from: head.from, to: head.from + limits.batchObjects }];
  }
  const open = await openRunRanges(trx, { runId: run.id, limit: limits.batchObjects });
  const cut: PositionRange[] = [];
  let room = limits.batchObjects;
  let bytes = limits.batchBytes ?? Number.POSITIVE_INFINITY;
  for (const range of open) {
    if (room === 0) break;
    const upTo = Math.min(range.to_position, range.from_position + room);
    const fit =
      limits.batchBytes === undefined
        ? { to: upTo, bytes: 0 }
        : await fitBytes(trx, run.pass_id, { from: range.from_position, to: upTo }, bytes, cut.length === 0);
    if (fit.to > range.from_position) {
      cut.push({ from: range.from_position, to: fit.to });
      await takeHead(trx, RUN_RANGES, run.id, { ...range, takenTo: fit.to });
    }
    room -= fit.to - range.from_position;
    bytes -= fit.bytes;
    if (fit.to < upTo) break;
  }
  return cut;
}

/** How far into a range the values fit; an object too large by itself still makes a batch of its own. */
async function fitBytes(
  trx: Trx,
  passId: string,
  range: PositionRange,
  room: number,
  takeFirstAnyway: boolean,
): Promise<{ to: number; bytes: number }> {
  const rows = await trx
    .selectFrom('pass_items')
    .innerJoin('objects', 'objects.seq', 'pass_items.object_seq')
    .select(['pass_items.position', 'objects.value'])
    .where('pass_items.pass_id', '=', passId)
    .where('pass_items.position', '>=', range.from)
    .where('pass_items.position', '<', range.to)
    .orderBy('pass_items.position')
    .execute();
  let bytes = 0;
  for (const [at, row] of rows.entries()) {
    const size = Buffer.byteLength(row.value);
    if (bytes + size > room && !(takeFirstAnyway && at === 0)) return { to: row.position, bytes };
    bytes += size;
  }
  return { to: range.to, bytes };
}
