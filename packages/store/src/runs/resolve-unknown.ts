import type { Resolution } from '@drover/engine';
import {
  type EndedRunStatus,
  Fault,
  type OutcomeStatus,
  type RunStatus,
  endStatusOf,
  hasEnded,
} from '@drover/model';
import type { Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { lockRun } from './claim-queries.js';
import { type RunRow, countsOf, iso } from './rows.js';
import { insertEvent } from './task-end.js';

type Trx = Transaction<Tables>;
type UnknownRow = {
  position: number;
  object_seq: number;
  code: string | null;
  message: string | null;
  data: string | null;
};

/** What a person's word makes of an outcome. */
const VERDICTS = {
  sent: { status: 'succeeded', code: null, message: null },
  'not-sent': {
    status: 'failed',
    code: 'RESOLVED_NOT_SENT',
    message: 'A person looked: the call did not reach the vendor. Send it with run retry.',
  },
} as const satisfies Record<
  Resolution['as'],
  { status: OutcomeStatus; code: string | null; message: string | null }
>;

export async function resolveUnknown(
  database: Database,
  runId: string,
  { as, objects }: Resolution,
  now: number,
): Promise<number> {
  return database.kysely.transaction().execute(async (trx) => {
    const run = await endedRun(trx, database, runId);
    const rows = objects === 'all' ? await unknownsOf(trx, runId) : await unknownOf(trx, runId, objects.ref);
    if (rows.length === 0) throw new Fault('NOT_UNKNOWN', `No object of ${runId} has the outcome unknown.`);
    const { status, code, message } = VERDICTS[as];
    for (const row of rows) {
      const before = { as, code: row.code, message: row.message, at: iso(now) };
      const data = { ...(row.data === null ? {} : (JSON.parse(row.data) as object)), resolved: before };
      await trx
        .updateTable('outcomes')
        .set({ status, code, message, data: JSON.stringify(data) })
        .where('run_id', '=', runId)
        .where('position', '=', row.position)
        .execute();
    }
    await moveCounts(trx, run, { status, objects: rows.length });
    await tellStep(trx, run, { rows, status, now });
    await insertEvent(trx, runId, 'resolved', { as, objects: rows.length }, now);
    return rows.length;
  });
}

async function endedRun(trx: Trx, database: Database, runId: string): Promise<RunRow> {
  const [run] = await lockRun(database.traits)(trx, { id: runId });
  if (run === undefined) throw new Fault('NOT_FOUND', `There is no run ${runId}.`);
  if (hasEnded(run.status as RunStatus)) return run;
  throw new Fault('RUN_IN_PROGRESS', `${runId} has not ended; resolve its unknown objects after it has.`);
}

function unknownsOf(trx: Trx, runId: string): Promise<UnknownRow[]> {
  return trx
    .selectFrom('outcomes')
    .select(['position', 'object_seq', 'code', 'message', 'data'])
    .where('run_id', '=', runId)
    .where('status', '=', 'unknown')
    .execute();
}

/** The unknown outcome of the object with this id or value. */
async function unknownOf(trx: Trx, runId: string, ref: string): Promise<UnknownRow[]> {
  const found = await trx
    .selectFrom('outcomes')
    .innerJoin('objects', 'objects.seq', 'outcomes.object_seq')
    .select(['position', 'object_seq', 'code', 'message', 'data', 'outcomes.status', 'objects.id'])
    .where('run_id', '=', runId)
    .where(({ or, eb }) => or([eb('objects.id', '=', ref), eb('objects.value', '=', ref)]))
    .execute();
  if (found.length === 0) throw new Fault('NOT_FOUND', `${runId} has no outcome for an object ${ref}.`);
  const unknown = found.filter(({ status }) => status === 'unknown');
  if (unknown.length === 0) {
    throw new Fault('NOT_UNKNOWN', `The outcome of ${ref} in ${runId} is ${found[0]!.status}, not unknown.`);
  }
  if (unknown.length === 1) return unknown;
  const ids = unknown.map(({ id }) => id).join(', ');
  throw new Fault(
    'INVALID_ARGUMENT',
    `Several objects of ${runId} have the value ${ref}; name one by its id: ${ids}.`,
  );
}

/** The run's counts and status follow its outcomes; a cancelled run stays one. */
async function moveCounts(
  trx: Trx,
  run: RunRow,
  { status, objects }: { status: 'succeeded' | 'failed'; objects: number },
): Promise<void> {
  const counts = countsOf(run);
  counts.unknown -= objects;
  counts[status] += objects;
  const ended: EndedRunStatus = endStatusOf(counts, {
    cancelled: run.status === 'cancelled',
    fault: run.fault !== null,
    finishFault: run.finish_fault !== null,
  });
  await trx
    .updateTable('runs')
    .set({ status: ended, unknown: counts.unknown, [status]: counts[status] })
    .where('id', '=', run.id)
    .execute();
}

/** What was not sent is offered to its step again at once; what was sent has been handled. */
async function tellStep(
  trx: Trx,
  run: RunRow,
  { rows, status, now }: { rows: readonly UnknownRow[]; status: 'succeeded' | 'failed'; now: number },
): Promise<void> {
  const pass = await trx
    .selectFrom('passes')
    .select('step_key')
    .where('id', '=', run.pass_id)
    .executeTakeFirst();
  if (pass === undefined || pass.step_key === null) return;
  for (const { object_seq: objectSeq } of rows) {
    await trx
      .updateTable('handled')
      .set({ status, failures: status === 'failed' ? 1 : 0, offer_after: null, at: now })
      .where('step_key', '=', pass.step_key)
      .where('object_seq', '=', objectSeq)
      .where('run_id', '=', run.id)
      .execute();
  }
}
