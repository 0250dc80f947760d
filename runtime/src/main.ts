import { runCli } from '@drover/cli';
import { FAULTS } from '@drover/model';
import { createCliHost } from './cli-host.js';

// A signal of this kind opens the inspector of a Node process that does not listen to it: anybody who may signal the
// host could then read its memory.
process.on('SIGUSR1', () => undefined);

const { exitCode: UNWRITABLE_EXIT_CODE } = FAULTS.FILE_UNWRITABLE;

/** Somebody closed the pipe that we print to, as `head` does: nothing is left to say. Else what was asked for is lost. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`FILE_UNWRITABLE: Standard output cannot be written: ${error.message}.\n`);
  process.exit(UNWRITABLE_EXIT_CODE);
});

/** What was written last is out, or has failed. */
function written(stream: NodeJS.WriteStream): Promise<unknown> {
  return new Promise((resolve) => stream.write('', resolve));
}

function onInterrupt(listener: () => void): () => void {
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return () => {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  };
}

const host = createCliHost({ environment: process.env, onInterrupt });
const exitCode = await runCli(process.argv.slice(2), host, process);
await written(process.stdout);
process.exit(exitCode);
