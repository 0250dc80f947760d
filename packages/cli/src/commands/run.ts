import { type Command, Option } from 'commander';
import type { ExportFormat, Resolution, RunView } from '@drover/engine';
import {
  ENDED_RUN_STATUSES,
  Fault,
  hasEnded,
  OPEN_RUN_STATUSES,
  OUTCOME_STATUSES,
  type OutcomeStatus,
  type PageRequest,
  type RunStatus,
  settledCount,
} from '@drover/model';
import { followRun } from '../follow-run.js';
import { addPageOptions, moreText, pageOf } from '../input/page-options.js';
import { exportText } from '../output/export-text.js';
import { count, counted, duration } from '../output/figures.js';
import { exitCodeOfRun, runReport, runState, runTimeMs } from '../output/run-report.js';
import { table } from '../output/table.js';
import { unknownText } from '../output/unknown-report.js';
import type { CommandResult, Session } from '../session.js';
import { planned, runUntilEnd } from './run-to-end.js';

const EXPORT_FORMATS = ['jsonl', 'csv'] as const satisfies ExportFormat[];
const SHOWN_REASONS = 10;
const SHOWN_UNKNOWN = 10;

type ListOptions = PageRequest & { status?: RunStatus; action?: string };
type CancelOptions = { now?: boolean };
type ResolveOptions = { as: Resolution['as']; all?: boolean };
type ExportOptions = { status?: OutcomeStatus; format: ExportFormat; output?: string };

export function addRunCommands(program: Command, session: Session): void {
  const run = program.command('run').description('look at runs and steer them');
  addPageOptions(run.command('list'))
    .description('list the runs, newest first')
    .addOption(
      new Option('--status <status>', 'only runs in this state').choices([
        ...OPEN_RUN_STATUSES,
        ...ENDED_RUN_STATUSES,
      ]),
    )
    .option('--action <action>', 'only runs of this action')
    .action(async (options: ListOptions) => session.finish(await list(session, options)));
  addPageOptions(run.command('show <run>'))
    .description(
      'show a run: counts, figures and why objects did not succeed; of a plan, what it would send and set, page by page with --limit and --cursor',
    )
    .action(async (ref: string, options: PageRequest) => session.finish(await show(session, ref, options)));
  run
    .command('watch <run>')
    .description(
      'follow a run to its end, with --verbose what its plugin logs; an interrupt stops the watching only',
    )
    .action(async (ref: string) => session.finish(await watch(session, ref)));
  run
    .command('cancel <run>')
    .description('end a run gracefully: batches in flight finish, the rest is deferred')
    .option('--now', 'cut off what is in flight instead of letting it finish')
    .action(async (ref: string, options: CancelOptions) =>
      session.finish(await cancel(session, ref, options)),
    );
  run
    .command('resume <run>')
    .description('go on with a run that was interrupted and follow it to its end')
    .action(async (ref: string) => {
      const application = await session.application();
      session.finish(await runUntilEnd(session, await application.runs.resume(ref)));
    });
  run
    .command('apply <plan>')
    .description('run what a plan showed, and nothing else, and follow that run to its end')
    .action(async (ref: string) => {
      const application = await session.application();
      session.finish(await runUntilEnd(session, await application.runs.apply(ref)));
    });
  run
    .command('retry <run>')
    .description('run the failed objects of an ended run again and follow that run to its end')
    .action(async (ref: string) => {
      const application = await session.application();
      session.finish(await runUntilEnd(session, await application.runs.retry(ref)));
    });
  addResolveCommand(run, session);
  addExportCommand(run, session);
}

function addResolveCommand(run: Command, session: Session): void {
  run
    .command('resolve <run> [object]')
    .description('say of an object whose outcome is unknown whether its call reached the vendor')
    .addOption(
      new Option('--as <word>', 'what you found at the vendor')
        .choices(['sent', 'not-sent'])
        .makeOptionMandatory(),
    )
    .option('--all', 'all unknown objects of the run instead of one, given by its id or value')
    .action(async (ref: string, object: string | undefined, options: ResolveOptions) =>
      session.finish(await resolve(session, { ref, object, ...options })),
    );
}

function addExportCommand(run: Command, session: Session): void {
  run
    .command('export <run>')
    .description('write what became of each object as JSON Lines or CSV')
    .addOption(new Option('--status <status>', 'only these outcomes').choices(OUTCOME_STATUSES))
    .addOption(new Option('--format <format>', 'how to write them').choices(EXPORT_FORMATS).default('jsonl'))
    .option('--output <file>', 'where to write them (default: stdout)')
    .action(async (ref: string, options: ExportOptions) => {
      const application = await session.application();
      const result = await exportText(session, application.runs.export(ref, options), options);
      if (result !== undefined) session.finish(result);
    });
}

async function list(session: Session, options: ListOptions): Promise<CommandResult> {
  const application = await session.application();
  const { status, action } = options;
  const page = await application.runs.list({ ...pageOf(options), status, action });
  const text = table(
    page.data,
    [
      { title: 'RUN', value: (run) => run.id },
      { title: 'ACTION', value: (run) => `${run.actionId} ${run.pluginId}` },
      { title: 'COLLECTION', value: (run) => run.collection, maxWidth: 24 },
      { title: 'CONNECTION', value: (run) => run.connection, maxWidth: 24 },
      { title: 'MODE', value: (run) => run.mode },
      { title: 'STATUS', value: runState },
      { title: 'DONE', value: doneText, right: true },
      { title: 'OF', value: (run) => count(run.summary.objects), right: true },
      { title: 'STARTED', value: (run) => run.startedAt },
      { title: 'TIME', value: timeText, right: true },
    ],
    { nothing: 'There are no such runs.' },
  );
  return { document: page, text: text + moreText(page.nextCursor) };
}

async function show(session: Session, ref: string, options: PageRequest): Promise<CommandResult> {
  const application = await session.application();
  const run = await application.runs.show(ref);
  const isPaged = options.limit !== undefined || options.cursor !== undefined;
  if (isPaged && run.mode !== 'plan') {
    throw new Fault(
      'INVALID_ARGUMENT',
      `${run.id} is no plan and has no pages; show it without --limit and --cursor, or use run export.`,
    );
  }
  if (isPaged) return planned(session, run, { exitCode: 0, page: pageOf(options) });
  return reported(session, run, 0);
}

async function watch(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const run = await application.runs.show(ref);
  const ended = await followRun(session, run, { onFirstInterrupt: 'stop watching' });
  return reported(session, ended, exitCodeOfRun(ended.status));
}

async function reported(session: Session, run: RunView, exitCode: number): Promise<CommandResult> {
  if (run.mode === 'plan') return planned(session, run, { exitCode });
  const application = await session.application();
  const reasons = await application.runs.reasons(run.id, { limit: SHOWN_REASONS });
  if (run.summary.counts.unknown === 0) {
    return { document: { ...run, reasons }, text: runReport(run, reasons, undefined), exitCode };
  }
  const unknown = await application.runs.outcomes(run.id, { status: 'unknown', limit: SHOWN_UNKNOWN });
  const text = `${runReport(run, reasons, undefined)}\n\n${unknownText(run, unknown.data)}`;
  return { document: { ...run, reasons, unknown: unknown.data }, text, exitCode };
}

async function cancel(session: Session, ref: string, { now = false }: CancelOptions): Promise<CommandResult> {
  const application = await session.application();
  const run = await application.runs.cancel(ref, { atOnce: now });
  if (hasEnded(run.status)) return { document: run, text: `Run ${run.id} has ended: ${run.status}.` };
  if (run.isInterrupted) {
    const text = `Run ${run.id} is to be cancelled, and nobody executes it now; bring it to its end with:\n  drover run resume ${run.id}`;
    return { document: run, text };
  }
  const inFlight = now ? 'batches in flight are cut off' : 'batches in flight finish';
  return { document: run, text: `Run ${run.id} is being cancelled: ${inFlight}, the rest is deferred.` };
}

async function resolve(
  session: Session,
  { ref, object, as, all = false }: ResolveOptions & { ref: string; object: string | undefined },
): Promise<CommandResult> {
  if (all === (object !== undefined)) {
    throw new Fault('INVALID_ARGUMENT', 'Name one object by its id or value, or give --all.');
  }
  const application = await session.application();
  const objects = object === undefined ? 'all' : { ref: object };
  const { run, resolved } = await application.runs.resolve(ref, { as, objects });
  const is = as === 'sent' ? 'succeeded' : 'failed';
  const lines = [
    `${counted(resolved, 'object')} of run ${run.id} ${resolved === 1 ? 'is' : 'are'} now ${is}; the run is ${run.status}.`,
  ];
  if (as === 'not-sent') lines.push(`Send again with:\n  drover run retry ${run.id}`);
  return { document: { ...run, resolved }, text: lines.join('\n') };
}

function doneText(run: RunView): string {
  return count(settledCount(run.summary.counts));
}

function timeText(run: RunView): string {
  const ms = runTimeMs(run);
  return ms === undefined ? '' : duration(ms);
}
