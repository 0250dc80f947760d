import type { Command } from 'commander';
import type { DoctorCheck } from '@drover/engine';
import { safeText } from '../output/safe-text.js';
import type { CommandResult, Session } from '../session.js';

const CONFIGURATION_EXIT_CODE = 78;
const MARKS = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const satisfies Record<
  DoctorCheck['result'],
  string
>;

export function addDoctorCommand(program: Command, session: Session): void {
  program
    .command('doctor')
    .description('look whether everything that Drover stands on works')
    .action(async () => session.finish(await examine(session)));
}

async function examine(session: Session): Promise<CommandResult> {
  const application = await session.application();
  const report = await application.doctor();
  const width = Math.max(...report.checks.map(({ check }) => check.length));
  const lines = report.checks.map(({ check, result, detail }) =>
    safeText(`${MARKS[result]}  ${check.padEnd(width)}  ${detail}`),
  );
  return { document: report, text: lines.join('\n'), exitCode: report.ok ? 0 : CONFIGURATION_EXIT_CODE };
}
