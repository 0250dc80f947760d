import { Fault, isFault } from '@drover/model';
import type { LogLine } from './wire.js';

/**
 * What a hook threw, as a fault. An error that is no fault is a mistake in the plugin: it becomes `PLUGIN_ERROR`, and
 * its stack goes to the log, where its author finds the line.
 */
export function faultOf(thrown: unknown, session: { log(line: LogLine): void }): Fault {
  if (isFault(thrown)) return thrown;
  const error = thrown as { name?: unknown; message?: unknown; stack?: unknown } | null | undefined;
  const what =
    typeof error?.message === 'string' ? `${String(error.name)}: ${error.message}` : String(thrown);
  if (typeof error?.stack === 'string') {
    session.log({
      level: 'warn',
      message: 'the hook threw an error that is no fault',
      fields: stackOf(error.stack),
    });
  }
  return new Fault('PLUGIN_ERROR', `The plugin threw ${what}.`, { cause: thrown });
}

const MAX_STACK = 4_000;

function stackOf(stack: string): { stack: string } {
  return { stack: stack.slice(0, MAX_STACK) };
}
