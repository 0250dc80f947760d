import type { ReasonCount, RunView } from '@drover/engine';
import { addCounts, emptyCounts, type PageRequest } from '@drover/model';
import { followRun } from '../follow-run.js';
import { count, counted } from '../output/figures.js';
import { planPage, planReport } from '../output/plan-report.js';
import { exitCodeOfRun, passReport, runReport } from '../output/run-report.js';
import type { CommandResult, Session } from '../session.js';

const SHOWN_REASONS = 5;
const NOT_DONE_EXIT_CODE = 2;

/** Follows a run to its end and reports it. `goOn` is the command that takes the pass's next slice. */
export async function runUntilEnd(session: Session, run: RunView, goOn?: string): Promise<CommandResult> {
  const application = await session.application();
  session.note(`Run ${run.id} takes ${counted(run.summary.objects, 'object')}.`);
  const ended = await followRun(session, run, { onFirstInterrupt: 'cancel the run' });
  const reasons = await application.runs.reasons(ended.id, { limit: SHOWN_REASONS });
  return {
    document: { ...ended, reasons },
    text: runReport(ended, reasons, goOn),
    exitCode: exitCodeOfRun(ended.status),
  };
}

/** Follows a plan to its end and shows what it would send. */
export async function planUntilEnd(session: Session, plan: RunView): Promise<CommandResult> {
  session.note(`Plan ${plan.id} looks at ${counted(plan.summary.objects, 'object')}; nothing is written.`);
  const ended = await followRun(session, plan, { onFirstInterrupt: 'cancel the run' });
  return planned(session, ended, { exitCode: exitCodeOfRun(ended.status) });
}

/** What a plan came to. */
export async function planned(
  session: Session,
  run: RunView,
  { exitCode, page }: { exitCode: number; page?: PageRequest },
): Promise<CommandResult> {
  const application = await session.application();
  const reasons = await application.runs.reasons(run.id, { limit: SHOWN_REASONS + 1 });
  const plan = await application.runs.plan(run.id, page);
  const text = page === undefined ? planReport(run, plan, reasons) : planPage(plan);
  return { document: { ...run, reasons, plan }, text, exitCode };
}

/**
 * Takes slice after slice of a pass until nothing remains, a run failed or was cancelled, or a run took nothing off what
 * remains (it would go on for ever). `next` starts the run over the following slice.
 */
export async function runUntilDone(
  session: Session,
  first: RunView,
  next: () => Promise<RunView | undefined>,
): Promise<CommandResult> {
  const application = await session.application();
  const ended: RunView[] = [];
  let reasons: ReasonCount[] = [];
  let run: RunView | undefined = first;
  while (run !== undefined) {
    const before = ended.at(-1)?.summary.remaining ?? Infinity;
    run = await followRun(session, run, { onFirstInterrupt: 'cancel the run' });
    ended.push(run);
    reasons = mergeReasons(reasons, await application.runs.reasons(run.id, { limit: SHOWN_REASONS }));
    const { remaining } = run.summary;
    session.note(
      `Run ${run.id} ${run.status}: ${counted(run.summary.objects, 'object')} taken, ${count(remaining)} remain.`,
    );
    const goesOn = remaining > 0 && remaining < before && ['succeeded', 'partial'].includes(run.status);
    run = goesOn ? await next() : undefined;
  }
  return passResult(ended, reasons.slice(0, SHOWN_REASONS));
}

function passResult(ended: readonly RunView[], reasons: readonly ReasonCount[]): CommandResult {
  const last = ended.at(-1)!;
  const { remaining } = last.summary;
  const settled = ended.map((run) => ({ ...run.summary.counts, deferred: 0 }));
  const counts = { ...settled.reduce(addCounts, emptyCounts()), deferred: remaining };
  const notDone = remaining > 0 ? [NOT_DONE_EXIT_CODE] : [];
  return {
    document: { status: last.status, counts, remaining, reasons, runs: ended },
    text: passReport(ended, counts, reasons),
    exitCode: Math.max(...notDone, ...ended.map((run) => exitCodeOfRun(run.status))),
  };
}

function mergeReasons(left: readonly ReasonCount[], right: readonly ReasonCount[]): ReasonCount[] {
  const merged = new Map<string, ReasonCount>();
  for (const reason of [...left, ...right]) {
    const key = `${reason.status} ${reason.code}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? reason : { ...known, objects: known.objects + reason.objects });
  }
  return [...merged.values()].sort((a, b) => b.objects - a.objects);
}
