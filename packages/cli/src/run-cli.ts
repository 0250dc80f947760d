import { CommanderError } from 'commander';
import { asFault, Fault } from '@drover/model';
import type { CliHost } from './cli-host.js';
import { exitCodeOf, faultDocument, faultText } from './output/fault-text.js';
import { buildProgram } from './program.js';
import { type CliStreams, Session } from './session.js';

const USAGE_EXIT_CODE = 1;

/**
 * Runs one command line and resolves with its exit code: 0 succeeded; 1 usage; 2 partial, or nothing was accepted;
 * 3 failed; 4 refused by policy; 78 configuration. Never rejects for what a command came to.
 *
 * @param argv what follows the program's name
 */
export async function runCli(argv: readonly string[], host: CliHost, streams: CliStreams): Promise<number> {
  const session = new Session(host, streams);
  // What is wrong with the words themselves is found before any option holds.
  session.options = { ...session.options, json: argv.includes('--json') };
  let fault = await attempt(async () => {
    await buildProgram(session).parseAsync(argv, { from: 'user' });
  }, session);
  const closing = await attempt(() => session.close({ abandon: fault?.code === 'INTERRUPTED' }), session);
  fault ??= closing;
  if (fault === undefined) return session.exitCode;
  streams.stderr.write(
    session.options.json
      ? `${JSON.stringify(faultDocument(fault))}\n`
      : `${faultText(fault, session.options)}\n`,
  );
  return exitCodeOf(fault);
}

const PRINTED_PREFIX = /^error: /;
/** A group of commands that was named without one of them. */
const HELP_SHOWN = 'commander.help';

/** What a step threw, as a fault; what commander has printed for people only sets the exit code. */
async function attempt(step: () => Promise<void>, session: Session): Promise<Fault | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) return asFault(error);
    const { exitCode, code, message } = error;
    if (exitCode !== 0 && code !== HELP_SHOWN && session.options.json)
      return new Fault('INVALID_ARGUMENT', message.replace(PRINTED_PREFIX, '').replaceAll('\n', ' '));
    session.exitCode = exitCode === 0 ? 0 : USAGE_EXIT_CODE;
    return undefined;
  }
}
