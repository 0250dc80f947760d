import type { RunView } from '@drover/engine';
import { OUTCOME_STATUSES, settledCount } from '@drover/model';
import { count, duration } from './figures.js';
import { safeText } from './safe-text.js';

const BAR_WIDTH = 24;
/** Below this many milliseconds a rate says nothing. */
const MIN_RATE_MS = 500;

/** How far a run is, as one line: a bar where there is room for one, counts per outcome, rate and time to go. */
export function runProgressLine(run: RunView, { bar, now }: { bar: boolean; now: number }): string {
  const settled = settledCount(run.summary.counts);
  const parts = [
    bar ? `[${barOf(settled, run.summary.objects)}]` : undefined,
    `${count(settled)}/${count(run.summary.objects)}`,
    stateOf(run),
    countsOf(run),
    pendingText(run, now),
    waitText(run, now),
    paceOf(run, settled, now),
  ];
  return parts.filter((part) => part !== undefined && part !== '').join('  ');
}

function barOf(done: number, total: number): string {
  const filled = total === 0 ? 0 : Math.min(BAR_WIDTH, Math.floor((done / total) * BAR_WIDTH));
  return '#'.repeat(filled) + '-'.repeat(BAR_WIDTH - filled);
}

function stateOf(run: RunView): string | undefined {
  if (run.cancelRequested) return 'cancelling';
  return run.status === 'running' ? undefined : run.status;
}

function countsOf(run: RunView): string {
  const { counts } = run.summary;
  return OUTCOME_STATUSES.filter((status) => counts[status] > 0)
    .map((status) => `${status} ${count(counts[status])}`)
    .join(', ');
}

/** Objects that the vendor still works on, and when it is asked again; `undefined` without any. */
export function pendingText({ pending }: RunView, now: number): string | undefined {
  if (pending === undefined) return undefined;
  const { objects, nextPollAt } = pending;
  const inMs = nextPollAt === undefined ? 0 : Date.parse(nextPollAt) - now;
  return `${count(objects)} pending, ${inMs > 0 ? `next poll in ${duration(inMs)}` : 'polling now'}`;
}

/** What a run waits for that could go on: the time at which a parked batch does, or others' work; `undefined` without any. */
export function waitText({ hold, status }: RunView, now: number): string | undefined {
  if (hold.behind !== undefined) return behindText(hold.behind);
  if (hold.waits === undefined || status !== 'waiting') return undefined;
  const { code, message, until } = hold.waits;
  const inMs = Date.parse(until) - now;
  return `${inMs > 0 ? `goes on in ${duration(inMs)}` : 'goes on now'} after ${safeText(`${code}: ${message}`)}`;
}

function behindText(behind: NonNullable<RunView['hold']['behind']>): string {
  if ('runId' in behind) return `waits for the end of ${behind.runId}`;
  const { full, concurrency } = behind;
  const whose = full === 'plugin' ? 'its plugin has' : 'its connection has';
  const where = full === 'plugin' ? ' over the connection' : '';
  return `waits for room: ${whose} ${concurrency} in hand${where}, which is all it may`;
}

function paceOf(run: RunView, settled: number, now: number): string | undefined {
  if (run.startedAt === undefined || settled === 0) return undefined;
  const elapsedMs = now - Date.parse(run.startedAt);
  if (elapsedMs < MIN_RATE_MS) return undefined;
  const perSecond = (settled / elapsedMs) * 1000;
  const leftMs = ((run.summary.objects - settled) / perSecond) * 1000;
  const rate = `${count(perSecond < 10 ? Math.round(perSecond * 10) / 10 : Math.round(perSecond))}/s`;
  return leftMs > 0 ? `${rate}  ETA ${duration(leftMs)}` : rate;
}
