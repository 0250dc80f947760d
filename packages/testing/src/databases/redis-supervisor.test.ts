import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { skipLoudly } from './describe-databases.js';
import { findRedis } from './find-redis.js';

const SUPERVISOR = fileURLToPath(new URL('./redis-supervisor.ts', import.meta.url));
const TIMEOUT_MS = 60_000;

const origin = findRedis();
if (origin.kind === 'binary') {
  describe('the supervisor of a test run’s Redis', () => describeSupervisor(origin.file));
} else {
  skipLoudly('the supervisor of a test run’s Redis', `no redis-server (${origin.kind})`);
}

function describeSupervisor(redisServer: string): void {
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  function start(words: string[]): ChildProcess {
    const child = spawn(process.execPath, words, { stdio: 'ignore' });
    children.push(child);
    return child;
  }

  async function supervise({ watch, file }: { watch: number; file: string }) {
    const directory = mkdtempSync(join(tmpdir(), 'drover-test-supervisor-'));
    const stateFile = join(directory, 'state.json');
    const supervisor = start([SUPERVISOR, JSON.stringify({ file, directory, stateFile, watch })]);
    const ended = new Promise((resolve) => supervisor.once('exit', resolve));
    while (!existsSync(stateFile)) await new Promise((resolve) => setTimeout(resolve, 20));
    const state = JSON.parse(readFileSync(stateFile, 'utf8')) as { url?: string; error?: string };
    return { directory, state, supervisor, ended };
  }

  test(
    'ends the server and removes everything when the test run is gone',
    async () => {
      const testRun = start(['-e', 'setInterval(() => {}, 1000)']);
      const { directory, state, ended } = await supervise({ watch: testRun.pid!, file: redisServer });
      const port = Number(new URL(state.url!).port);
      expect(await accepts(port)).toBe(true);
      testRun.kill('SIGKILL');
      expect(await ended).toBe(0);
      expect(await accepts(port)).toBe(false);
      expect(existsSync(directory)).toBe(false);
    },
    TIMEOUT_MS,
  );

  test(
    'says why it could not start the server',
    async () => {
      const { state, ended } = await supervise({ watch: process.pid, file: process.execPath });
      expect(state.error).toContain('redis-server ended');
      expect(await ended).toBe(1);
    },
    TIMEOUT_MS,
  );
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
