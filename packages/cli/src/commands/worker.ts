import type { Command } from 'commander';
import type { WorkInHand, WorkerReport } from '@drover/engine';
import { counted, duration } from '../output/figures.js';
import { table } from '../output/table.js';
import type { CommandResult, Session } from '../session.js';
import { serve } from './serve.js';

export function addWorkerCommands(program: Command, session: Session): void {
  const worker = program
    .command('worker')
    .description('execute runs and pulls until interrupted; over PostgreSQL, beside other workers')
    .action(async () => serve(session, { role: 'worker' }));
  worker
    .command('list')
    .description('show who executes, what each holds, and the oldest work that nobody has taken')
    .action(async () => session.finish(await list(session)));
}

async function list(session: Session): Promise<CommandResult> {
  const report = await (await session.application()).workers.list();
  return { document: report, text: `${workersOf(report)}\n${workOf(report)}` };
}

function workersOf({ workers, scheduler, standby }: WorkerReport): string {
  const rows = [
    ...workers,
    ...(scheduler === undefined ? [] : [{ ...scheduler, role: 'fires what is due', holds: [] }]),
    ...standby.map((one) => ({ ...one, role: 'would fire what is due', holds: [] })),
  ];
  return table(
    rows,
    [
      { title: 'WORKER', value: ({ owner }) => owner },
      { title: 'ROLE', value: ({ role }) => role },
      { title: 'HOLDS', value: ({ holds }) => holds.map(holdText).join(', '), maxWidth: 160 },
    ],
    { nothing: 'No process executes now.' },
  );
}

function holdText(hold: WorkInHand): string {
  if ('pullId' in hold) return hold.pullId;
  return hold.kind === 'batch' ? `${hold.runId} batch ${hold.batchIndex}` : `${hold.runId} ${hold.kind}`;
}

function workOf({ due }: WorkerReport): string {
  if (due.since === undefined) return 'No work waits for a worker.';
  const age = duration(Math.max(0, Date.now() - Date.parse(due.since)));
  const of = due.runId ?? due.pullId;
  return `${counted(due.count, 'piece')} of work due and not taken; the oldest for ${age}${of === undefined ? '' : `, of ${of}`}.`;
}
