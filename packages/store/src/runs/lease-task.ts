import type { ClaimResult, ClaimedTask, PositionRange, TaskKind } from '@drover/engine';
import { newId } from '@drover/model';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import { RoundTrip } from '../database/round-trip.js';
import type { Tables } from '../database/tables.js';
import { countTurn, countWait, insertTaskRow, leaseTaskRow, passTerms } from './claim-queries.js';
import {
  type Parked,
  type PassTerms,
  type RunRow,
  type TaskRow,
  formatRanges,
  toClaimedTask,
} from './rows.js';

type Trx = Transaction<Tables>;

/** Who asks for a task. */
export interface Worker {
  owner: string;
  leaseMs: number;
  now: number;
}

interface NewTask {
  /** Default: a new one. */
  id?: string;
  kind: TaskKind;
  index: number;
  ranges: PositionRange[];
}

export function newTask(run: RunRow, task: NewTask, now: number): TaskRow {
  return {
    id: task.id ?? newId('task'),
    run_id: run.id,
    kind: task.kind,
    batch_index: task.index,
    ranges: task.ranges.length === 0 ? null : formatRanges(task.ranges),
    status: 'ready',
    attempt: 1,
    deaths: 0,
    due_at: now,
    waiting_since: null,
    parked: null,
    lease_owner: null,
    lease_token: 0,
    lease_until: null,
    created_at: now,
    settled_at: null,
    suspect: null,
  };
}

export type Leased = NonNullable<ClaimResult['task']>;

export interface Claimer {
  run: RunRow;
  worker: Worker;
}

/** Makes a task that is leased from the start. Unless it is a poll, nothing else may be asked of the transaction then. */
export async function insertLeased(
  trx: Trx,
  database: Database,
  { run, worker, ...task }: NewTask & Claimer,
): Promise<Leased> {
  const trip = new RoundTrip(trx);
  if (task.kind === 'batch' || task.kind === 'all') run.batches_cut += 1;
  countTurn.ask(trip, { runId: run.id, batches: run.batches_cut, now: worker.now });
  const row = heldBy(worker, newTask(run, task, worker.now));
  insertTaskRow.ask(trip, row);
  const leased = await present(trip, database, { run, task: row });
  // The objects of a poll are handed to its task afterwards.
  await (task.kind === 'poll' ? trip.make() : trip.makeLast());
  return leased;
}

/** Leases a task. Nothing else may be asked of the transaction then. */
export async function lease(
  trx: Trx,
  database: Database,
  { run, worker, task }: Claimer & { task: TaskRow },
): Promise<Leased> {
  const row = heldBy(worker, task);
  const { id, lease_token: token } = row;
  const trip = new RoundTrip(trx);
  leaseTaskRow.ask(trip, { id, owner: worker.owner, token, until: worker.now + worker.leaseMs });
  countTurn.ask(trip, { runId: run.id, batches: run.batches_cut, now: worker.now });
  if (task.status === 'waiting' && task.parked !== null) {
    const { at } = JSON.parse(task.parked) as Parked;
    countWait.ask(trip, { runId: run.id, ms: Math.max(0, worker.now - at) });
  }
  const leased = await present(trip, database, { run, task: row });
  await trip.makeLast();
  return leased;
}

/** The row of a task as this worker takes it. */
export function heldBy(worker: Worker, task: TaskRow): TaskRow {
  return {
    ...task,
    status: 'leased',
    lease_owner: worker.owner,
    lease_token: task.lease_token + 1,
    lease_until: worker.now + worker.leaseMs,
  };
}

/** The task as its worker gets it. That its run is running is noted when the trip is made. */
async function present(
  trip: RoundTrip,
  database: Database,
  { run, task }: { run: RunRow; task: TaskRow },
): Promise<Leased> {
  const pass = await passOf(trip.db, database, run.pass_id);
  if (run.status !== 'running') {
    run.status = 'running';
    trip.ask(trip.db.updateTable('runs').set({ status: run.status }).where('id', '=', run.id).compile());
  }
  return claimedTask(task, run, pass);
}

/** The run of a claimed task as its claim has left it. */
const claimedRuns = new WeakMap<ClaimedTask, RunRow>();

/** As `toClaimedTask`, for a task whose claim this is. */
export function claimedTask(task: TaskRow, run: RunRow, pass: PassTerms): ClaimedTask {
  const claimed = toClaimedTask(task, run, pass);
  claimedRuns.set(claimed, run);
  return claimed;
}

/** The run as it was when the task was claimed, if that was by this process. */
export function runAtClaim(task: ClaimedTask): RunRow | undefined {
  return claimedRuns.get(task);
}

/** What a pass never changes, of those that were asked for last. */
const knownPasses = new WeakMap<Database, Map<string, PassTerms>>();
const MAX_KNOWN_PASSES = 100;

export async function passOf(db: Kysely<Tables>, database: Database, id: string): Promise<PassTerms> {
  let known = knownPasses.get(database);
  if (known === undefined || known.size >= MAX_KNOWN_PASSES) knownPasses.set(database, (known = new Map()));
  let terms = known.get(id);
  if (terms === undefined) {
    [terms] = await passTerms(db, { id });
    known.set(id, terms!);
  }
  return terms!;
}
