// A PostgreSQL and a Redis of the bench's own, found as the tests find theirs (DROVER_TEST_POSTGRES_URL and
// DROVER_TEST_REDIS_URL name others). What is started here keeps commits on the disk: fsync and synchronous_commit are on.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findPostgres } from '../../packages/testing/dist/databases/find-postgres.js';
import { findRedis } from '../../packages/testing/dist/databases/find-redis.js';
import { inFolder } from '../processes.mjs';

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** What a small dedicated server would be given; everything else is PostgreSQL's default. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
};

/** Hands both servers over and ends them afterwards. */
export function withServers(work) {
  return inFolder(async (folder) => {
    chmodSync(folder, 0o711);
    const stops = [];
    try {
      const postgres = await startPostgres(folder, stops);
      const redis = await startRedis(folder, stops);
      return await work(new Servers(postgres, redis));
    } finally {
      for (const stop of stops.reverse()) await stop();
    }
  });
}

class Servers {
  #postgres;
  #redis;

  constructor(postgres, redis) {
    this.#postgres = postgres;
    this.#redis = redis;
  }

  /** The roots of the servers' processes; a server that was given by URL has none here. */
  get pids() {
    return { postgres: this.#postgres.pid, redis: this.#redis.pid };
  }

  /** A database without tables and a name space in Redis. */
  async withGround(work) {
    const name = `drover_bench_${randomBytes(6).toString('hex')}`;
    await this.#administer(`create database ${name}`);
    const databaseUrl = new URL(this.#postgres.url);
    databaseUrl.pathname = `/${name}`;
    const redisUrl = new URL(this.#redis.url);
    redisUrl.searchParams.set('prefix', name);
    try {
      return await work({ databaseUrl: databaseUrl.href, redisUrl: redisUrl.href });
    } finally {
      await this.#administer(`drop database ${name} with (force)`);
    }
  }

  async #administer(statement) {
    const client = new pg.Client(this.#postgres.url);
    await client.connect();
    await client.query(statement);
    await client.end();
  }
}

async function startPostgres(folder, stops) {
  const origin = findPostgres();
  if (origin.kind === 'url') return { url: origin.url };
  if (origin.kind !== 'binaries') {
    const why = origin.kind === 'docker' ? ['only a Docker engine'] : origin.reasons;
    throw new Error(`No PostgreSQL binaries to measure: ${why.join('; ')}.`);
  }
  const home = join(folder, 'postgres');
  mkdirSync(home, { mode: 0o700 });
  const user = postgresAccount();
  if (user !== undefined) chownSync(home, user.uid, user.gid);
  const options = { ...user, cwd: home, env: { PATH: process.env.PATH, LC_ALL: 'C' } };
  const data = join(home, 'data');
  const initdb = ['-D', data, '-U', 'drover', '-A', 'trust', '-E', 'UTF8', '--locale=C'];
  execFileSync(join(origin.folder, 'initdb'), initdb, { ...options, stdio: 'pipe' });
  const port = await freePort();
  const settings = Object.entries({ ...SETTINGS, unix_socket_directories: home });
  const flags = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = ['-D', data, '-p', String(port), ...flags];
  const child = spawn(join(origin.folder, 'postgres'), command, { ...options, stdio: 'ignore' });
  stops.push(() => ended(child, 'SIGINT'));
  const url = `postgres://drover@127.0.0.1:${port}/postgres`;
  await until(() => answers(url), child);
  return { url, pid: child.pid };
}

/** PostgreSQL refuses to run as root. */
function postgresAccount() {
  if (process.getuid() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error('This process is root and there is no account postgres or nobody to run PostgreSQL as.');
}

async function startRedis(folder, stops) {
  const origin = findRedis();
  if (origin.kind === 'url') return { url: origin.url };
  if (origin.kind === 'missing') throw new Error(`No Redis to measure: ${origin.reasons.join('; ')}.`);
  const port = await freePort();
  const settings = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];
  const child = spawn(origin.file, ['--port', String(port), '--bind', '127.0.0.1', ...settings], {
    cwd: folder,
    stdio: 'ignore',
  });
  stops.push(() => ended(child, 'SIGTERM'));
  await until(() => accepts(port), child);
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid };
}

async function until(isThere, child) {
  const giveUpAt = Date.now() + START_TIMEOUT_MS;
  while (!(await isThere())) {
    if (child.exitCode !== null || Date.now() > giveUpAt)
      throw new Error(`${child.spawnfile} did not start.`);
    await sleep(POLL_MS);
  }
}

async function answers(url) {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function ended(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
