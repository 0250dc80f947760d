import type { PositionRange, RunLimits, RunRequest } from '@drover/engine';
import { Fault, type RunId, type RunMode, newId } from '@drover/model';
import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { holdSend, takeSend } from '../mirror/take-send.js';
import { lockPass, refuseWhileRunOpen, remainingOf, takeOffering } from './passes.js';
import { PASS_RANGES, takeHead } from './open-ranges.js';
import { type PassRow, type RunRow, toRanges } from './rows.js';

type Trx = Transaction<Tables>;

export async function createRun(
  trx: Trx,
  traits: DialectTraits,
  request: RunRequest,
  now: number,
): Promise<RunId> {
  // Before the pass, as whoever settles a send has it.
  if (request.sendOf !== undefined) await holdSend(trx, traits, request.sendOf.feedId);
  const pass = await takePass(trx, traits, request.passId);
  if (pass.status !== 'open') throw goneMeanwhile(pass.id);
  const slice = await (request.mode === 'plan' ? peekSlice : takeSlice)(trx, pass.id, request.objectsPerRun);
  const runId = await insertRun(trx, pass, slice, request, now);
  if (request.sendOf !== undefined) await takeSend(trx, { ...request.sendOf, passId: pass.id, runId });
  return runId;
}

export async function createRetry(
  trx: Trx,
  traits: DialectTraits,
  runId: RunId,
  request: Omit<RunRequest, 'passId' | 'objectsPerRun' | 'mode'>,
  now: number,
): Promise<RunId> {
  const run = await trx.selectFrom('runs').selectAll().where('id', '=', runId).executeTakeFirst();
  if (run === undefined) throw new Fault('NOT_FOUND', `There is no run ${runId}.`);
  const pass = await takePass(trx, traits, run.pass_id);
  const failed = await stillFailed(trx, { runId, pass, createdAt: run.created_at });
  if (failed.length === 0) {
    throw new Fault(
      'NOTHING_TO_RETRY',
      `No object of ${runId} failed, or a later run has taken those that did.`,
    );
  }
  const ranges = toRanges(failed);
  return insertRun(
    trx,
    pass,
    ranges,
    { ...request, mode: 'apply', objectsPerRun: failed.length, retryOf: runId },
    now,
  );
}

/**
 * Positions that failed in the run and have come to nothing else in a later one: what a retry has sent since, or the next pass of
 * their step, must not be sent again.
 */
async function stillFailed(
  trx: Trx,
  { runId, pass, createdAt }: { runId: RunId; pass: PassRow; createdAt: number },
): Promise<number[]> {
  const rows = await trx
    .selectFrom('outcomes')
    .select('position')
    .where('run_id', '=', runId)
    .where('status', '=', 'failed')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('runs')
            .innerJoin('outcomes as later', 'later.run_id', 'runs.id')
            .select('later.position')
            .whereRef('later.position', '=', 'outcomes.position')
            .where('runs.pass_id', '=', pass.id)
            .where('runs.mode', '=', 'apply')
            .where('runs.created_at', '>', createdAt)
            .where('later.status', '<>', 'failed'),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('handled')
            .select('handled.status')
            .where('handled.step_key', '=', pass.step_key ?? '')
            .whereRef('handled.object_seq', '=', 'outcomes.object_seq')
            .where('handled.run_id', '<>', runId)
            .where('handled.status', '<>', 'failed')
            .where('handled.at', '>', createdAt),
        ),
      ),
    )
    .orderBy('position')
    .execute();
  return rows.map(({ position }) => position);
}

/** The pass for this transaction alone, to make a run of it. Whoever asks for one at the same time waits, and is then refused. */
export async function takePass(trx: Trx, traits: DialectTraits, passId: string): Promise<PassRow> {
  const place = await trx.selectFrom('passes').select('offering').where('id', '=', passId).executeTakeFirst();
  // The offering before the pass, as whoever opens one.
  if (place !== undefined) await takeOffering(trx, traits, place.offering);
  const pass = place && (await lockPass(trx, traits, passId));
  if (pass === undefined) throw new Fault('NOT_FOUND', `There is no pass ${passId}.`);
  await refuseWhileRunOpen(trx, pass.offering);
  await takeConnection(trx, traits, pass.connection_id);
  return pass;
}

/** The connection is there until the transaction ends; then whoever removes it finds the run. */
async function takeConnection(trx: Trx, traits: DialectTraits, id: string): Promise<void> {
  const query = trx.selectFrom('connections').select('id').where('id', '=', id);
  const row = await (traits.rowLocks ? query.forKeyShare() : query).executeTakeFirst();
  if (row === undefined) throw new Fault('NOT_FOUND', `The connection ${id} was removed.`, { path: id });
}

function goneMeanwhile(passId: string): Fault {
  return new Fault(
    'RUN_IN_PROGRESS',
    `Another request has taken ${passId} to its end meanwhile, or given it up; see "run list", or ask again.`,
    { path: passId },
  );
}

/** The pass's next positions, left where they are. */
export async function peekSlice(trx: Trx, passId: string, objects: number): Promise<PositionRange[]> {
  const open = await trx
    .selectFrom('pass_ranges')
    .selectAll()
    .where('pass_id', '=', passId)
    .orderBy('from_position')
    .limit(objects)
    .execute();
  const slice: PositionRange[] = [];
  let room = objects;
  for (const { from_position: from, to_position: to } of open) {
    if (room === 0) break;
    slice.push({ from, to: Math.min(to, from + room) });
    room -= Math.min(to - from, room);
  }
  return slice;
}

/** Takes the pass's next positions. */
export async function takeSlice(trx: Trx, passId: string, objects: number): Promise<PositionRange[]> {
  const taken: PositionRange[] = [];
  let room = objects;
  while (room > 0) {
    const next = await trx
      .selectFrom('pass_ranges')
      .selectAll()
      .where('pass_id', '=', passId)
      .orderBy('from_position')
      .limit(1)
      .executeTakeFirst();
    if (next === undefined) break;
    const to = Math.min(next.to_position, next.from_position + room);
    taken.push({ from: next.from_position, to });
    room -= to - next.from_position;
    await takeHead(trx, PASS_RANGES, passId, { ...next, takenTo: to });
  }
  return taken;
}

export async function insertRun(
  trx: Trx,
  pass: PassRow,
  ranges: readonly PositionRange[],
  request: {
    trigger: string;
    objectsPerRun: number;
    limits: RunLimits;
    mode: RunMode;
    exclusiveKey?: string;
    retryOf?: RunId;
    planId?: RunId;
  },
  now: number,
): Promise<RunId> {
  const { concurrency, ...limits } = request.limits;
  const objects = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  // A plan has taken nothing; what it says is what holds after it was applied.
  const remaining = (await remainingOf(trx, pass.id)) - (request.mode === 'plan' ? objects : 0);
  const row: RunRow = {
    id: newId('run'),
    pass_id: pass.id,
    plugin_id: pass.plugin_id,
    action_id: pass.action_id,
    connection_id: pass.connection_id,
    collection_id: pass.collection_id,
    status: 'queued',
    phase: 'prepare',
    trigger: request.trigger,
    mode: request.mode,
    objects_per_run: request.objectsPerRun,
    objects,
    limits: JSON.stringify(limits),
    concurrency,
    exclusive_key: request.exclusiveKey ?? null,
    is_first_slice: pass.slices === 0 ? 1 : 0,
    is_last_slice: remaining === 0 ? 1 : 0,
    remaining,
    prepared: null,
    one_by_one: 0,
    cancel_requested: 0,
    cancel_at_once: 0,
    first_batch_done: 0,
    succeeded: 0,
    unchanged: 0,
    skipped: 0,
    rejected: 0,
    failed: 0,
    deferred: 0,
    unknown: 0,
    objects_taken: 0,
    objects_written: 0,
    attributes_written: 0,
    vendor_calls: 0,
    vendor_writes: 0,
    waited_ms: 0,
    batches_cut: 0,
    pending: 0,
    fault: null,
    finish_fault: null,
    retry_of: request.retryOf ?? null,
    plan_id: request.planId ?? null,
    created_at: now,
    taken_at: now,
    started_at: null,
    ended_at: null,
  };
  await trx.insertInto('runs').values(row).execute();
  for (const { from, to } of ranges) {
    await trx
      .insertInto('run_ranges')
      .values({ run_id: row.id, from_position: from, to_position: to })
      .execute();
  }
  return row.id as RunId;
}
