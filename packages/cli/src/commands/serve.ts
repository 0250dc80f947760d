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
  const interrupted = new AbortController();
  const { signal } = interrupted;
  const isOver = new Promise<void>((resolve) => {
    const unhook = session.host.onInterrupt(() => {
      unhook();
      resolve();
      interrupted.abort();
    });
  });
  const application = await session.application();
  let isFirst = true;
  const onState = (state: ServeState): void => {
    if (signal.aborted) return;
    const line = state === 'executing' && options.role === 'worker' ? WORKER_LINE : STATE_LINES[state];
    if (isFirst) session.finish({ document: { state }, text: line });
    else session.note(line);
    isFirst = false;
  };
  // It may be told to stop while it still waits for a server, which may take long.
  await Promise.race([application.serve(onState, { ...options, signal }), isOver]);
  await isOver;
  session.note('Stopping: batches and pages in hand are finished first.');
  await session.close();
}
