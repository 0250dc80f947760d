import { PassThrough } from 'node:stream';
import { expect, it } from '@jest/globals';
import type { Application, ServeOptions } from '@drover/engine';
import type { CliHost } from '../cli-host.js';
import { runCli } from '../run-cli.js';

it('is told to stop while it still waits for a server, and stops', async () => {
  const asked = Promise.withResolvers<ServeOptions>();
  let closed = 0;
  const application: Pick<Application, 'serve' | 'close'> = {
    // As while a database is away.
    serve: (_, options = {}) => {
      asked.resolve(options);
      return new Promise(() => undefined);
    },
    close: async () => void (closed += 1),
  };
  const interrupts = new Set<() => void>();
  const host: Pick<CliHost, 'version' | 'openApplication' | 'onInterrupt'> = {
    version: '9.9.9',
    openApplication: async () => application as Application,
    onInterrupt: (listener) => {
      interrupts.add(listener);
      return () => interrupts.delete(listener);
    },
  };
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const running = runCli(['worker'], host as CliHost, streams);
  const { role, signal } = await asked.promise;
  expect(role).toBe('worker');
  for (const interrupt of interrupts) interrupt();
  expect(await running).toBe(0);
  expect(signal?.aborted).toBe(true);
  expect(closed).toBe(1);
  // The next signal ends the process at once.
  expect(interrupts.size).toBe(0);
});
