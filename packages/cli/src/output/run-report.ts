import type { ReasonCount, RunView } from '@drover/engine';
import {
  hasEnded,
  OUTCOME_STATUSES,
  type OutcomeCounts,
  type RunStatus,
  type RunSummary,
} from '@drover/model';
import { count, counted, duration } from './figures.js';
import { pendingText, waitText } from './run-progress.js';
import { safeText } from './safe-text.js';
import { facts, table } from './table.js';

/** The exit code of a command that followed a run to this status. */
export function exitCodeOfRun(status: RunStatus): number {
  if (status === 'partial') return 2;
  return status === 'failed' || status === 'cancelled' ? 3 : 0;
}

/** How a run ended, for people: counts, figures, the reasons grouped by code, and how to go on. */
export function runReport(run: RunView, reasons: readonly ReasonCount[], goOn: string | undefined): string {
  const blocks = [headline(run), countsText(run.summary.counts), figuresText(run.summary, runTimeMs(run))];
  if (run.fault !== undefined) blocks.push(safeText(`${run.fault.code}: ${run.fault.message}`));
  if (reasons.length > 0) blocks.push(reasonsText(reasons));
  const pending = pendingText(run, Date.now());
  if (pending !== undefined) blocks.push(`The vendor has not finished all objects: ${pending}.`);
  const wait = waitText(run, Date.now());
  if (wait !== undefined) blocks.push(`It ${wait}`);
  if (run.isInterrupted) blocks.push(`No process executes it. Go on with:\n  drover run resume ${run.id}`);
  const { remaining } = run.summary;
  if (remaining > 0) {
    const rest = `${counted(remaining, 'object')} of the pass ${remaining === 1 ? 'remains' : 'remain'}.`;
    blocks.push(goOn === undefined ? rest : `${rest} Go on with:\n  ${goOn}`);
  }
  return blocks.join('\n\n');
}

/** Runs of one pass, one after the other, as one report. */
export function passReport(
  runs: readonly RunView[],
  counts: OutcomeCounts,
  reasons: readonly ReasonCount[],
): string {
  const last = runs.at(-1)!;
  const { remaining } = last.summary;
  const blocks = [
    `${counted(runs.length, 'run')} of the pass; the last one, ${last.id}, ${endedAs(last)}.`,
    countsText(counts),
    figuresText(
      sumOf(runs),
      sum(runs, (run) => runTimeMs(run) ?? 0),
    ),
  ];
  if (last.fault !== undefined) blocks.push(safeText(`${last.fault.code}: ${last.fault.message}`));
  if (reasons.length > 0) blocks.push(reasonsText(reasons));
  if (remaining === 0) blocks.push('Nothing of the pass remains.');
  return blocks.join('\n\n');
}

/** What a run is at, in one word. */
export function runState(run: RunView): string {
  if (run.isInterrupted) return 'interrupted';
  return run.cancelRequested && !hasEnded(run.status) ? 'cancelling' : run.status;
}

export function runTimeMs(run: RunView, now = Date.now()): number | undefined {
  if (run.startedAt === undefined) return undefined;
  return (run.endedAt === undefined ? now : Date.parse(run.endedAt)) - Date.parse(run.startedAt);
}

function headline(run: RunView): string {
  return safeText(
    `Run ${run.id} of action ${run.actionId} (${run.pluginId}) over ${run.collection} with ${run.connection} ${endedAs(run)}.`,
  );
}

function endedAs(run: RunView): string {
  const ms = runTimeMs(run);
  const state = run.endedAt === undefined ? `is ${runState(run)}` : wasText(run.status);
  return ms === undefined ? state : `${state} after ${duration(ms)}`;
}

function wasText(status: RunStatus): string {
  if (status === 'cancelled') return 'was cancelled';
  return status === 'partial' ? 'ended partial' : status;
}

function countsText(counts: OutcomeCounts): string {
  const shown = OUTCOME_STATUSES.filter((status) => status === 'succeeded' || counts[status] > 0);
  const width = Math.max(...shown.map((status) => count(counts[status]).length));
  return shown.map((status) => `  ${status.padEnd(9)}  ${count(counts[status]).padStart(width)}`).join('\n');
}

function figuresText(summary: RunSummary, ms: number | undefined): string {
  return facts([
    ['objects read', count(summary.objectsRead)],
    ['objects written', count(summary.objectsWritten)],
    ['attributes written', count(summary.attributesWritten)],
    ['vendor calls', count(summary.vendorCalls)],
    ['waited', duration(summary.waitedMs)],
    ['run time', ms === undefined ? undefined : duration(ms)],
    ['remaining in pass', count(summary.remaining)],
  ]);
}

/** The figures of several runs together; what remains is what the last one left. */
function sumOf(runs: readonly RunView[]): RunSummary {
  return {
    ...runs.at(-1)!.summary,
    objectsRead: sum(runs, ({ summary }) => summary.objectsRead),
    objectsWritten: sum(runs, ({ summary }) => summary.objectsWritten),
    attributesWritten: sum(runs, ({ summary }) => summary.attributesWritten),
    vendorCalls: sum(runs, ({ summary }) => summary.vendorCalls),
    waitedMs: sum(runs, ({ summary }) => summary.waitedMs),
  };
}

function sum(runs: readonly RunView[], figure: (run: RunView) => number): number {
  return runs.reduce((total, run) => total + figure(run), 0);
}

function reasonsText(reasons: readonly ReasonCount[]): string {
  return table(
    reasons,
    [
      { title: 'OUTCOME', value: (reason) => reason.status },
      { title: 'CODE', value: (reason) => reason.code },
      { title: 'OBJECTS', value: (reason) => count(reason.objects), right: true },
      { title: 'FOR EXAMPLE', value: (reason) => reason.example, maxWidth: 200 },
    ],
    { nothing: '' },
  );
}
