import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type RedisOrigin, findRedis } from './find-redis.js';
import { oncePerRun, oncePerRunNow, runDirectory } from './run-directory.js';

const POLL_MS = 20;
const START_TIMEOUT_MS = 30_000;
const SUPERVISOR = fileURLToPath(new URL('./redis-supervisor.ts', import.meta.url));

function redisOrigin(): RedisOrigin {
  return oncePerRunNow('redis-origin', findRedis);
}

/** What keeps tests from having Redis; undefined when they can have it. `own`: one that they may kill. */
export function missingRedis({ own = false }: { own?: boolean } = {}): string | undefined {
  const origin = redisOrigin();
  if (origin.kind === 'missing') {
    return `no Redis: ${origin.reasons.join('; ')}; set DROVER_TEST_REDIS_URL or install redis-server`;
  }
  return own && origin.kind === 'url' ? 'DROVER_TEST_REDIS_URL is not ours to kill' : undefined;
}

/** A URL of the test run's Redis, which starts when first asked for; its keys are apart from those of other tests. */
export async function freshRedisUrl(): Promise<string> {
  const url = new URL(await oncePerRun('redis-url', startServer));
  url.searchParams.set('prefix', `test-${randomBytes(6).toString('hex')}`);
  return url.href;
}

async function startServer(): Promise<string> {
  const origin = redisOrigin();
  if (origin.kind === 'url') return origin.url;
  if (origin.kind === 'missing') throw new Error(missingRedis());
  const directory = runDirectory();
  const stateFile = join(directory, 'redis-server.json');
  const watch = Number(process.env.TEST_RUN_PID ?? process.pid);
  const log = openSync(join(directory, 'redis-supervisor.log'), 'w');
  const assignment = JSON.stringify({ file: origin.file, directory, stateFile, watch });
  spawn(process.execPath, [SUPERVISOR, assignment], {
    detached: true,
    stdio: ['ignore', log, log],
  }).unref();
  while (!existsSync(stateFile)) await sleep(POLL_MS);
  const state = JSON.parse(readFileSync(stateFile, 'utf8')) as { url: string } | { error: string };
  if ('error' in state) throw new Error(state.error);
  return state.url;
}

export interface OwnRedisOptions {
  /** What `maxmemory-policy` says. */
  policy?: string;
  /** A file of settings that it may write to, in place of those of a test. */
  file?: string;
  /** Settings as words of its command line. */
  more?: readonly string[];
  /** Whether its port takes TLS only. */
  tls?: boolean;
}

/** A Redis of one test, to be killed and started again, empty each time, at the same port. */
export class OwnRedis {
  readonly port: number;
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(options: OwnRedisOptions = {}): Promise<OwnRedis> {
    const redis = new OwnRedis(await freePort());
    await redis.start(options);
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start({ policy = 'noeviction', file, more = [], tls = false }: OwnRedisOptions = {}): Promise<void> {
    const origin = redisOrigin();
    if (origin.kind !== 'binary') throw new Error('There is no redis-server to start.');
    const port = tls ? ['--port', '0', '--tls-port', String(this.port)] : ['--port', String(this.port)];
    const settings = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', policy];
    const words = [...(file === undefined ? settings : [file]), ...port, '--bind', '127.0.0.1', ...more];
    this.#launch(origin.file, words);
    const until = Date.now() + START_TIMEOUT_MS;
    while (!(await accepts(this.port))) {
      if (Date.now() > until) throw new Error('redis-server was not ready in time.');
      await sleep(POLL_MS);
      // While it was away, somebody's connection may have come by its port for a moment.
      if (hasEnded(this.#child!)) this.#launch(origin.file, words);
    }
  }

  #launch(file: string, words: readonly string[]): void {
    const child = spawn(file, words, { cwd: runDirectory(), stdio: 'ignore' });
    this.#child = child;
    // A process that ends for an error of its own takes it along.
    const onExit = (): void => void child.kill('SIGKILL');
    process.once('exit', onExit);
    child.once('exit', () => process.off('exit', onExit));
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || hasEnded(child)) return;
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exit;
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
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
