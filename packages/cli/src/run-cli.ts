import { CommanderError } from 'commander';
import { asFault, type Fault } from '@drover/model';
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

/** What a step threw, as a fault; commander's own refusals are printed already and only set the exit code. */
async function attempt(step: () => Promise<void>, session: Session): Promise<Fault | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) return asFault(error);
    session.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT_CODE;
    return undefined;
  }
}
