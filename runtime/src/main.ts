import { runCli } from '@drover/cli';
import { createCliHost } from './cli-host.js';

// A signal of this kind opens the inspector of a Node process that does not listen to it: anybody who may signal the
// host could then read its memory.
process.on('SIGUSR1', () => undefined);

/** Somebody closed the pipe that we print to, as `head` does: nothing is left to say. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

function onInterrupt(listener: () => void): () => void {
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return () => {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  };
}

const host = createCliHost({ environment: process.env, onInterrupt });
process.exit(await runCli(process.argv.slice(2), host, process));
