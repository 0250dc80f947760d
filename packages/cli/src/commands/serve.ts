import type { Command } from 'commander';
import type { ServeState } from '@drover/engine';
import type { Session } from '../session.js';

const STATE_LINES: Record<ServeState, string> = {
  executing: 'Executing runs and pulls, and firing what is due, until interrupted.',
  'stand-by': 'Standing by: another process executes; this one takes over when it is gone.',
};

export function addServeCommand(program: Command, session: Session): void {
  program
    .command('serve')
    .description('execute runs and pulls, and pull feeds at their intervals, until interrupted')
    .action(async () => serve(session));
}

async function serve(session: Session): Promise<void> {
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
    if (isFirst) session.finish({ document: { state }, text: STATE_LINES[state] });
    else session.note(STATE_LINES[state]);
    isFirst = false;
  });
  await interrupted;
  session.note('Stopping: batches and pages in hand are finished first.');
  await session.close();
}
