import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { PostgresBinaries } from './find-postgres.js';
import { postgresOrigin } from './postgres-databases.js';
import { skipLoudly } from './describe-databases.js';

const SUPERVISOR = fileURLToPath(new URL('./postgres-supervisor.ts', import.meta.url));
const TIMEOUT_MS = 60_000;

const origin = postgresOrigin();
if (origin.kind === 'binaries') {
  describe('the supervisor of a test run’s PostgreSQL', () => describeSupervisor(origin));
} else {
  skipLoudly('the supervisor of a test run’s PostgreSQL', `no binaries of PostgreSQL (${origin.kind})`);
}

function describeSupervisor(binaries: PostgresBinaries): void {
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  function start(words: string[]): ChildProcess {
    const child = spawn(process.execPath, words, { stdio: 'ignore' });
    children.push(child);
    return child;
  }

  async function supervise(watch: number) {
    const directory = mkdtempSync(join(tmpdir(), 'drover-test-supervisor-'));
    const stateFile = join(directory, 'state.json');
    const supervisor = start([SUPERVISOR, JSON.stringify({ origin: binaries, directory, stateFile, watch })]);
    const ended = new Promise((resolve) => supervisor.once('exit', resolve));
    while (!existsSync(stateFile)) await new Promise((resolve) => setTimeout(resolve, 20));
    const { url } = JSON.parse(readFileSync(stateFile, 'utf8')) as { url: string };
    return { directory, port: Number(new URL(url).port), supervisor, ended };
  }

  test(
    'ends the server and removes everything when the test run is gone',
    async () => {
      const testRun = start(['-e', 'setInterval(() => {}, 1000)']);
      const { directory, port, ended } = await supervise(testRun.pid!);
      expect(await accepts(port)).toBe(true);
      const gone = new Promise((resolve) => testRun.once('exit', resolve));
      testRun.kill('SIGKILL');
      await gone;
      expect(await ended).toBe(0);
      expect(await accepts(port)).toBe(false);
      expect(existsSync(directory)).toBe(false);
    },
    TIMEOUT_MS,
  );

  test(
    'ends the server and removes its data when told to',
    async () => {
      const { directory, port, supervisor, ended } = await supervise(process.pid);
      supervisor.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(await accepts(port)).toBe(false);
      expect(existsSync(join(directory, 'postgres'))).toBe(false);
      rmSync(directory, { recursive: true });
    },
    TIMEOUT_MS,
  );
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
