import type {
  ClaimedRun,
  ClaimedTask,
  Pass,
  PositionRange,
  RunHold,
  RunLimits,
  TaskKind,
} from '@drover/engine';
import type { FaultRecord, OutcomeCounts, Run } from '@drover/model';
import type { Selectable } from 'kysely';
import type { Tables } from '../database/tables.js';

export type RunRow = Selectable<Tables['runs']>;
export type PassRow = Selectable<Tables['passes']>;
/** What a pass is made with and keeps. */
export type PassTerms = Pick<PassRow, 'bundle_digest' | 'step_key' | 'config'>;
export type TaskRow = Selectable<Tables['tasks']>;

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function countsOf(row: RunRow): OutcomeCounts {
  const { succeeded, unchanged, skipped, rejected, failed, deferred, unknown } = row;
  return { succeeded, unchanged, skipped, rejected, failed, deferred, unknown };
}

/** The part of the manifest's limits that the run was made with. */
export function limitsOf({ limits, concurrency }: RunRow): RunLimits {
  return { ...(JSON.parse(limits) as Omit<RunLimits, 'concurrency'>), concurrency };
}

/** Why a task waits, and since when. */
export interface Parked {
  at: number;
  code: string;
  message: string;
}

export function toRun(
  row: RunRow & {
    live_tasks: number;
    next_poll_at: number | null;
    parked: string | null;
    parked_until: number | null;
    excluded_by: string | null;
    full: string | null;
  },
): Run & { hold: RunHold } {
  const fault = row.fault ?? row.finish_fault;
  return {
    id: row.id as Run['id'],
    passId: row.pass_id as Run['passId'],
    pluginId: row.plugin_id,
    actionId: row.action_id,
    connectionId: row.connection_id as Run['connectionId'],
    collectionId: row.collection_id as Run['collectionId'],
    status: row.status as Run['status'],
    trigger: row.trigger as Run['trigger'],
    mode: row.mode as Run['mode'],
    ...(row.plan_id === null ? {} : { planId: row.plan_id as Run['id'] }),
    summary: {
      counts: countsOf(row),
      objects: row.objects,
      objectsRead: row.objects_taken,
      objectsWritten: row.objects_written,
      attributesWritten: row.attributes_written,
      vendorCalls: row.vendor_calls,
      waitedMs: row.waited_ms,
      remaining: row.remaining,
    },
    ...(row.pending === 0 ? {} : { pending: pendingOf(row.pending, row.next_poll_at) }),
    ...(fault === null ? {} : { fault: JSON.parse(fault) as FaultRecord }),
    cancelRequested: row.cancel_requested === 1,
    createdAt: iso(row.created_at),
    ...(row.started_at === null ? {} : { startedAt: iso(row.started_at) }),
    ...(row.ended_at === null ? {} : { endedAt: iso(row.ended_at) }),
    hold: { liveTasks: row.live_tasks, ...waitsOf(row), ...(row.live_tasks === 0 ? behindOf(row) : {}) },
  };
}

function waitsOf({
  parked,
  parked_until: until,
}: {
  parked: string | null;
  parked_until: number | null;
}): Pick<RunHold, 'waits'> {
  if (parked === null || until === null) return {};
  const { code, message } = JSON.parse(parked) as Parked;
  return { waits: { code, message, until: iso(until) } };
}

function behindOf({
  excluded_by: runId,
  full,
}: {
  excluded_by: string | null;
  full: string | null;
}): Pick<RunHold, 'behind'> {
  if (runId !== null) return { behind: { runId: runId as Run['id'] } };
  if (full === null) return {};
  const [what, concurrency] = full.split(' ');
  return { behind: { full: what as 'plugin' | 'connection', concurrency: Number(concurrency) } };
}

function pendingOf(objects: number, nextPollAt: number | null): NonNullable<Run['pending']> {
  return { objects, ...(nextPollAt === null ? {} : { nextPollAt: iso(nextPollAt) }) };
}

export function toPass(row: PassRow, remaining: number): Pass {
  return {
    id: row.id as Pass['id'],
    pluginId: row.plugin_id,
    bundleDigest: row.bundle_digest,
    config: JSON.parse(row.config) as Record<string, unknown>,
    status: row.status as Pass['status'],
    objects: row.objects,
    notAccepted: row.not_accepted,
    remaining,
  };
}

function toClaimedRun(run: RunRow, pass: PassTerms): ClaimedRun {
  const stopped = stopOf(run);
  return {
    id: run.id as ClaimedRun['id'],
    passId: run.pass_id as ClaimedRun['passId'],
    pluginId: run.plugin_id,
    bundleDigest: pass.bundle_digest,
    connectionId: run.connection_id as ClaimedRun['connectionId'],
    ...(pass.step_key === null ? {} : { stepKey: pass.step_key }),
    config: JSON.parse(pass.config) as Record<string, unknown>,
    trigger: run.trigger as ClaimedRun['trigger'],
    mode: run.mode as ClaimedRun['mode'],
    ...(run.plan_id === null ? {} : { planId: run.plan_id as ClaimedRun['id'] }),
    startedAt: new Date(run.started_at ?? run.created_at),
    isFirstSlice: run.is_first_slice === 1,
    isLastSlice: run.is_last_slice === 1,
    remaining: run.remaining,
    prepared: run.prepared === null ? undefined : JSON.parse(run.prepared),
    isPrepared: run.prepared !== null,
    counts: countsOf(run),
    vendorWrites: run.vendor_writes,
    ...(stopped === undefined ? {} : { stopped }),
    ...(run.fault === null ? {} : { fault: JSON.parse(run.fault) as FaultRecord }),
  };
}

export function stopOf(run: RunRow): 'cancelled' | 'fault' | undefined {
  if (run.fault !== null) return 'fault';
  return run.cancel_requested === 1 ? 'cancelled' : undefined;
}

export function toClaimedTask(task: TaskRow, run: RunRow, pass: PassTerms): ClaimedTask {
  return {
    id: task.id as ClaimedTask['id'],
    kind: task.kind as TaskKind,
    batchIndex: task.batch_index,
    ranges: parseRanges(task.ranges),
    attempt: task.attempt,
    deaths: task.deaths,
    leaseToken: task.lease_token,
    isSuspect: task.suspect === 1,
    ...(task.waiting_since === null ? {} : { waitingSince: new Date(task.waiting_since) }),
    isFirstOfPass: run.is_first_slice === 1 && run.first_batch_done === 0,
    run: toClaimedRun(run, pass),
  };
}

export function parseRanges(json: string | null): PositionRange[] {
  if (json === null) return [];
  return (JSON.parse(json) as [number, number][]).map(([from, to]) => ({ from, to }));
}

export function formatRanges(ranges: readonly PositionRange[]): string {
  return JSON.stringify(ranges.map(({ from, to }) => [from, to]));
}

/** Positions in any order as the fewest ranges. */
export function toRanges(positions: readonly number[]): PositionRange[] {
  const sorted = [...positions].sort((left, right) => left - right);
  const ranges: PositionRange[] = [];
  for (const position of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && last.to === position) last.to = position + 1;
    else ranges.push({ from: position, to: position + 1 });
  }
  return ranges;
}
