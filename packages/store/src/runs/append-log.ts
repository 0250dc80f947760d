import type { ClaimedTask, LogLine } from '@drover/engine';
import { sql } from 'kysely';
import { type Database, rowsFrom } from '../database/database.js';
import { keepLate } from './hold-task.js';

/**
 * Log lines of a task's hook as events of its run, in one statement with the question whether the task is still the
 * claimer's; if it is not, they are kept as evidence.
 */
export async function appendLog(
  database: Database,
  task: ClaimedTask,
  { lines, now }: { lines: readonly LogLine[]; now: number },
): Promise<void> {
  if (lines.length === 0) return;
  const rows = rowsFrom(
    database.traits,
    { n: 'integer', data: 'text' },
    lines.map((line, n) => ({ n, data: JSON.stringify(line) })),
  );
  const kept = await sql`insert into events (run_id, at, kind, data)
    select tasks.run_id, cast(${now} as bigint), 'log', lines.data from tasks, ${rows} as lines
    where tasks.id = ${task.id} and tasks.status = 'leased' and tasks.lease_token = ${task.leaseToken}
    order by lines.n`.execute(database.kysely);
  if (kept.numAffectedRows === 0n) await keepLate(database.kysely, task, { log: lines });
}
