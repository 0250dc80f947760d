import { type Command, Option } from 'commander';
import type { ServeOptions, ServeRole, ServeState } from '@drover/engine';
import type { Session } from '../session.js';

const STATE_LINES: Record<ServeState, string> = {
  executing: 'Executing runs and pulls, and firing what is due, until interrupted.',
  'stand-by': 'Standing by: another process executes; this one takes over when it is gone.',
  scheduling: 'Firing what is due until interrupted; workers execute it.',
};
const WORKER_LINE = 'Executing runs and pulls until interrupted.';
const ROLES = ['all', 'worker', 'scheduler'] as const satisfies readonly ServeRole[];

export function addServeCommand(program: Command, session: Session): void {
  program
    .command('serve')
    .description('execute runs and pulls, and pull feeds at their intervals, until interrupted')
    .addOption(new Option('--role <role>', 'what it does (default: DROVER_ROLE or all)').choices(ROLES))
    .action(async (options: ServeOptions) => serve(session, options));
}

export async function serve(session: Session, options: ServeOptions): Promise<void> {
  const application = await session.application();
  let isOver = false;
  const interrupted = new Promise<void>((resolve) => {
    const unhook = session.host.onInterrupt(() => {
      isOver = true;
      unhook();
      resolve();
    });
  });
  let isFirst = true;
  await application.serve((state) => {
    if (isOver) return;
    const line = state === 'executing' && options.role === 'worker' ? WORKER_LINE : STATE_LINES[state];
    if (isFirst) session.finish({ document: { state }, text: line });
    else session.note(line);
    isFirst = false;
  }, options);
  await interrupted;
  session.note('Stopping: batches and pages in hand are finished first.');
  await session.close();
}
