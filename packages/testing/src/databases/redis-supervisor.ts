/**
 * A process of its own that runs one Redis for a test run and ends it when it is told to (SIGTERM) or when the test run is
 * gone, however that ended. Node runs this file as it stands: no syntax that needs compiling. Arguments: one JSON document.
 * Announces itself by writing `stateFile`.
 */
import { spawn } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';

interface Assignment {
  /** `redis-server`. */
  file: string;
  directory: string;
  stateFile: string;
  /** Process id of the test run. */
  watch: number;
}

const WATCH_EVERY_MS = 500;
const START_TIMEOUT_MS = 30_000;
const LOOK_MS = 20;

const assignment = JSON.parse(process.argv[2]!) as Assignment;

function announce(state: { url: string } | { error: string }): void {
  writeFileSync(`${assignment.stateFile}.part`, JSON.stringify({ ...state, pid: process.pid }));
  renameSync(`${assignment.stateFile}.part`, assignment.stateFile);
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

async function start(): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(assignment.file, [...settings, '--maxmemory-policy', 'noeviction'], {
    cwd: assignment.directory,
    stdio: 'ignore',
  });
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const until = Date.now() + START_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode} while starting.`);
    if (Date.now() > until) throw new Error('redis-server was not ready in time.');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  async function stop(): Promise<void> {
    child.kill('SIGKILL');
    await exit;
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

process.on('SIGINT', () => undefined);
try {
  const server = await start();
  announce({ url: server.url });
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    const watch = setInterval(() => {
      if (isAlive(assignment.watch)) return;
      clearInterval(watch);
      resolve();
    }, WATCH_EVERY_MS);
  });
  await server.stop();
  if (!isAlive(assignment.watch)) rmSync(assignment.directory, { recursive: true, force: true });
  process.exit(0);
} catch (error) {
  announce({ error: String((error as Error).stack ?? error) });
  process.exit(1);
}
