import type { Application, LogLine, RunView } from '@drover/engine';
import { Fault } from '@drover/model';
import { runProgressLine } from './output/run-progress.js';
import { safeText } from './output/safe-text.js';
import { StatusLine } from './output/status-line.js';
import type { GlobalOptions, Session } from './session.js';

const REFRESH_MS = 1000;

/**
 * Shows a run's progress until it has ended and returns its end. The first interrupt runs `onFirstInterrupt`, the second
 * one stops at once (`INTERRUPTED`).
 */
export async function followRun(
  session: Session,
  run: RunView,
  options: { onFirstInterrupt: 'cancel the run' | 'stop watching' },
): Promise<RunView> {
  const application = await session.application();
  const line = new StatusLine(session.streams.stderr, session.options);
  const stop = new AbortController();
  let last = run;
  const show = () => line.update(progressOf(last, line));
  const refresh = setInterval(show, REFRESH_MS);
  const unhook = session.host.onInterrupt(
    interruptHandler(application, run, {
      line,
      stop,
      cancels: options.onFirstInterrupt === 'cancel the run',
    }),
  );
  try {
    for await (const sighting of application.runs.watch(run.id, { signal: stop.signal })) {
      last = sighting.run;
      for (const logged of sighting.log) printLog(logged, line, session.options);
      show();
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    clearInterval(refresh);
    unhook();
    line.clear();
  }
  if (stop.signal.aborted) throw stop.signal.reason;
  return last;
}

function progressOf(run: RunView, line: StatusLine): string {
  return runProgressLine(run, { bar: line.columns !== undefined && line.columns >= 60, now: Date.now() });
}

/** Warnings of the plugin are for everybody, the rest for those who ask for more. */
function printLog({ level, message, fields }: LogLine, line: StatusLine, options: GlobalOptions): void {
  if (level !== 'warn' && !options.verbose) return;
  const detail = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
  line.print(safeText(`${level}: ${message}${detail}`));
}

function interruptHandler(
  application: Application,
  run: RunView,
  { line, stop, cancels }: { line: StatusLine; stop: AbortController; cancels: boolean },
): () => void {
  let interrupts = 0;
  return () => {
    interrupts += 1;
    if (interrupts === 1 && cancels) {
      line.print(
        'Cancelling: batches in flight finish, the rest is deferred. Interrupt again to stop at once.',
      );
      application.runs.cancel(run.id).catch((error: unknown) => stop.abort(error));
    } else {
      stop.abort(
        cancels
          ? new Fault(
              'INTERRUPTED',
              `Stopped at once; run ${run.id} is open; its cancel comes to an end with: drover run resume ${run.id}`,
            )
          : new Fault('INTERRUPTED', `Stopped watching; run ${run.id} goes on.`),
      );
    }
  };
}
