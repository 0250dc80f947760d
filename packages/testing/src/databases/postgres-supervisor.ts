/**
 * A process of its own that runs one PostgreSQL server for a test run and ends it when it is told to (SIGTERM) or when
 * the test run is gone, however that ended. Node runs this file as it stands: no syntax that needs compiling.
 * Arguments: one JSON document. Announces itself by writing `stateFile`, anew after each restart: SIGUSR2 asks for one with
 * a shutdown, SIGHUP for one without.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

interface Binaries {
  kind: 'binaries';
  folder: string;
  /** Whom the server runs as. */
  account?: { uid: number; gid: number };
}

interface Assignment {
  origin: Binaries | { kind: 'docker' };
  /** Takes the data folder. */
  directory: string;
  stateFile: string;
  /** Process id of the test run. */
  watch: number;
  /** Laid over the settings that are for speed. */
  settings?: Record<string, string>;
}

interface Server {
  url: string;
  stop(): Promise<void>;
  /** Ends it by this signal and starts it again at the same port. */
  restart?(signal: NodeJS.Signals): Promise<void>;
}

const WATCH_EVERY_MS = 500;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const MOST_LAUNCHES = 20;
const RELAUNCH_MS = 100;
const DOCKER_IMAGE = 'postgres:17-alpine';

const assignment = JSON.parse(process.argv[2]!) as Assignment;
const password = randomBytes(16).toString('hex');

function announce(state: { url: string; starts: number } | { error: string }): void {
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

async function startBinaries({ folder, account }: Binaries): Promise<Server> {
  const home = join(assignment.directory, 'postgres');
  const data = join(home, 'data');
  const passwordFile = join(home, 'password');
  // The other account has to pass through the folders above its own.
  chmodSync(assignment.directory, 0o711);
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(passwordFile, password);
  if (account !== undefined) {
    chownSync(home, account.uid, account.gid);
    chownSync(passwordFile, account.uid, account.gid);
  }
  const options = { ...account, cwd: home, env: { PATH: process.env.PATH, LC_ALL: 'C' } };
  const initdb = ['-D', data, '-U', 'drover', '-A', 'password', '--pwfile', passwordFile];
  execFileSync(join(folder, 'initdb'), [...initdb, '-E', 'UTF8', '--locale=C', '--no-sync'], {
    ...options,
    stdio: 'pipe',
  });
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: home,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '200',
    ...assignment.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  async function launch(): Promise<ChildProcess> {
    const child = spawn(join(folder, 'postgres'), ['-D', data, '-p', String(port), ...flags], {
      ...options,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await saysReady(child);
    return child;
  }
  let child = await launch();
  return {
    url: `postgres://drover:${password}@127.0.0.1:${port}/postgres`,
    async stop() {
      await ended(child, 'SIGINT');
      rmSync(home, { recursive: true, force: true });
    },
    async restart(signal) {
      await ended(child, signal);
      child = await relaunched(launch);
    },
  };
}

/** After an end without a shutdown, sessions may hold the server's memory for another moment. */
async function relaunched(launch: () => Promise<ChildProcess>): Promise<ChildProcess> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await launch();
    } catch (error) {
      if (tries === MOST_LAUNCHES) throw error;
      await new Promise((resolve) => setTimeout(resolve, RELAUNCH_MS));
    }
  }
}

function saysReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => fail('was not ready in time'), START_TIMEOUT_MS);
    const onExit = (): void => fail('ended while starting');
    function fail(what: string): void {
      settle();
      child.kill('SIGKILL');
      reject(new Error(`PostgreSQL ${what}:\n${said}`));
    }
    function onText(text: string): void {
      said += text;
      if (!said.includes('ready to accept connections')) return;
      settle();
      resolve();
    }
    function settle(): void {
      clearTimeout(timer);
      child.off('exit', onExit);
      child.stderr!.off('data', onText);
      // What it says from now on is let through unread, or it would block.
      child.stderr!.resume();
    }
    child.once('exit', onExit);
    child.once('error', (error) => fail(error.message));
    child.stderr!.setEncoding('utf8').on('data', onText);
  });
}

/** SIGINT ends sessions and then the server; SIGQUIT ends it at once. */
async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS);
  await exit;
  clearTimeout(timer);
}

async function startDocker(): Promise<Server> {
  const environment = ['-e', 'POSTGRES_USER=drover', '-e', `POSTGRES_PASSWORD=${password}`];
  const command = ['-c', 'fsync=off', '-c', 'max_connections=200'];
  const id = docker('run', '--rm', '-d', '-p', '127.0.0.1::5432', ...environment, DOCKER_IMAGE, ...command);
  const port = docker('port', id, '5432/tcp').split(':').at(-1)!;
  const stop = async (): Promise<void> => void docker('rm', '-f', id);
  const until = Date.now() + START_TIMEOUT_MS;
  // Over TCP: while the image sets itself up, its server listens on a local socket only.
  while (!isDockerReady(id)) {
    if (Date.now() > until) {
      await stop();
      throw new Error('PostgreSQL in Docker was not ready in time.');
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { url: `postgres://drover:${password}@127.0.0.1:${port}/drover`, stop };
}

function docker(...words: string[]): string {
  return execFileSync('docker', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function isDockerReady(id: string): boolean {
  try {
    docker('exec', id, 'pg_isready', '-h', '127.0.0.1', '-U', 'drover');
    return true;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function supervise(server: Server): Promise<void> {
  const restarted = restartOnSignal(server);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    const watch = setInterval(() => {
      if (isAlive(assignment.watch)) return;
      clearInterval(watch);
      resolve();
    }, WATCH_EVERY_MS);
  });
  // Stopped in the middle of a restart, it would leave the server running that comes of it.
  await restarted();
  await server.stop();
  if (!isAlive(assignment.watch)) rmSync(assignment.directory, { recursive: true, force: true });
  process.exit(0);
}

/** Answers how to wait for the restarts that were asked for. */
function restartOnSignal({ url, restart }: Server): () => Promise<void> {
  if (restart === undefined) return async () => undefined;
  let starts = 1;
  let restarting = Promise.resolve();
  function onSignal(signal: NodeJS.Signals): void {
    restarting = restarting
      .then(() => restart!(signal))
      .then(
        () => announce({ url, starts: (starts += 1) }),
        (error: unknown) => announce({ error: String(error) }),
      );
  }
  process.on('SIGUSR2', () => onSignal('SIGINT'));
  process.on('SIGHUP', () => onSignal('SIGQUIT'));
  return () => restarting;
}

process.on('SIGINT', () => undefined);
try {
  const { origin } = assignment;
  const server = await (origin.kind === 'docker' ? startDocker() : startBinaries(origin));
  announce({ url: server.url, starts: 1 });
  await supervise(server);
} catch (error) {
  announce({ error: String((error as Error).stack ?? error) });
  process.exit(1);
}
