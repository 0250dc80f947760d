// One database with a collection in it, the built command over it in processes of its own, and what all of that cost.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { NODE_FLAGS, output, start } from '../processes.mjs';
import { treeFigures } from './process-tree.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const DROVER = join(here, '..', '..', 'runtime', 'bin', 'drover.mjs');
const KEY = 'ab'.repeat(32);
const SAMPLE_MS = 250;

/** Hands over a filled database with its name space in Redis, and removes it. */
export function withFilledGround(servers, { url, objects, batch, inFlight }, work) {
  return servers.withGround(async ({ databaseUrl, redisUrl }) => {
    const parameters = { databaseUrl, key: KEY, url, objects, batch, inFlight };
    const setup = start([join(here, 'setup.mjs'), JSON.stringify(parameters)]);
    const [, [status]] = await Promise.all([output(setup), once(setup, 'close')]);
    if (status !== 0) throw new Error(`The set-up ended with ${status}.`);
    const ground = new Ground({ databaseUrl, redisUrl, pids: servers.pids });
    try {
      return await work(ground);
    } finally {
      await ground.close();
    }
  });
}

/** Processes over one database. Each has a folder of its own, as if it were on a machine of its own. */
class Ground {
  #pids;
  #children = [];
  #folders = [];
  /** Peak memory by process id, of all that were seen. */
  #peaks = new Map();
  #sampler;
  #client;

  constructor({ databaseUrl, redisUrl, pids }) {
    this.databaseUrl = databaseUrl;
    this.redisUrl = redisUrl;
    this.#pids = pids;
    this.#sampler = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  async query(text) {
    if (this.#client === undefined) {
      this.#client = new pg.Client(this.databaseUrl);
      await this.#client.connect();
    }
    return (await this.#client.query(text)).rows;
  }

  /** Starts workers and waits until they execute. */
  async startWorkers(count, { concurrency }) {
    const started = Array.from({ length: count }, () => this.#drover(['worker'], { concurrency }));
    await Promise.all(started.map((child) => printed(child, 'Executing runs and pulls')));
  }

  /** Starts processes of this folder that work beside each other, and waits for their first line. */
  async startOthers(count, file, parameters) {
    const started = Array.from({ length: count }, () =>
      this.#start('worker', [join(here, file), JSON.stringify(parameters)]),
    );
    await Promise.all(started.map((child) => printed(child, 'ready')));
  }

  /** Runs a process of this folder to its end; what it said last is JSON. */
  async runOther(file, parameters) {
    return this.#ended(this.#start('submitter', [join(here, file), JSON.stringify(parameters)]));
  }

  /** Asks for a run and follows it to its end, as a person would. */
  async runAction(plugin, { objects }) {
    const words = ['action', 'run', plugin, '--collection', 'hosts', '--connection', 'bench'];
    const asked = [...words, '--objects-per-run', String(objects), '--quiet', '--json'];
    const run = await this.#ended(this.#drover(asked, { kind: 'submitter', concurrency: 1 }));
    const { counts, vendorCalls } = run.summary;
    if (counts.succeeded !== objects) throw new Error(`${JSON.stringify(run)}`);
    const [times] = await this.query(
      `select started_at, ended_at, (select created_at from passes where id = pass_id) as asked_at from runs where id = '${run.id}'`,
    );
    const { started_at: startedAt, ended_at: endedAt, asked_at: askedAt } = times;
    return { wallMs: endedAt - startedAt, freezeMs: startedAt - askedAt, calls: vendorCalls };
  }

  /** Imports so many hosts as a person would, onto the list that the others run over. */
  async importHosts(objects) {
    const folder = mkdtempSync(join(tmpdir(), 'drover-bench-file-'));
    this.#folders.push(folder);
    const file = join(folder, 'hosts.csv');
    await pipeline(Readable.from(hostRows(objects)), createWriteStream(file));
    const words = ['objects', 'import', file, '--collection', 'hosts', '--quiet', '--json'];
    const startedAt = performance.now();
    const { created } = await this.#ended(this.#drover(words, { kind: 'submitter', concurrency: 1 }));
    if (created !== objects) throw new Error(`${created} of ${objects} objects were imported.`);
    return { wallMs: performance.now() - startedAt };
  }

  /** What the work cost: CPU by kind of process, the write-ahead log, the database's growth, commands of Redis. */
  async measured(work) {
    const before = await this.#reading();
    const result = await work();
    const after = await this.#reading();
    const cpu = Object.fromEntries(
      Object.keys(after.cpuMs).map((kind) => [kind, after.cpuMs[kind] - (before.cpuMs[kind] ?? 0)]),
    );
    const hosts = cpu.worker + cpu.submitter;
    return {
      ...result,
      cpu: { ...cpu, hosts, all: hosts + cpu.postgres + cpu.redis },
      walBytes: after.walBytes - before.walBytes,
      diskBytes: after.diskBytes - before.diskBytes,
      commits: after.commits - before.commits,
      peaks: this.#peaksByKind(),
    };
  }

  async close() {
    clearInterval(this.#sampler);
    await this.#client?.end();
    for (const { child } of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }

  #drover(words, { kind = 'worker', concurrency }) {
    const folder = mkdtempSync(join(tmpdir(), 'drover-bench-machine-'));
    this.#folders.push(folder);
    return this.#start(kind, [...NODE_FLAGS, DROVER, ...words], {
      DROVER_DATA_DIR: folder,
      DROVER_DATABASE_URL: this.databaseUrl,
      DROVER_REDIS_URL: this.redisUrl,
      DROVER_ENCRYPTION_KEY: KEY,
      DROVER_WORKER_CONCURRENCY: String(concurrency),
    });
  }

  #start(kind, args, environment = {}) {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    child.said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (child.said += text));
    this.#children.push({ kind, child, cpuMs: 0 });
    return child;
  }

  async #ended(child) {
    const [status] = await once(child, 'close');
    if (status !== 0) throw new Error(`A process ended with ${status}: ${child.said}`);
    return JSON.parse(child.said.trimEnd().split('\n').at(-1));
  }

  #sample() {
    for (const one of this.#children) {
      if (one.child.exitCode !== null || one.child.signalCode !== null) continue;
      const { cpuMs, peaks } = treeFigures(one.child.pid);
      // A process that has just gone has nothing to show any more.
      one.cpuMs = Math.max(one.cpuMs, cpuMs);
      this.#notePeaks(peaks, (pid) => (pid === one.child.pid ? one.kind : 'plugin'));
    }
    if (this.#pids.postgres !== undefined)
      this.#notePeaks(treeFigures(this.#pids.postgres).peaks, () => 'postgres');
  }

  #notePeaks(peaks, kindOf) {
    for (const { pid, peakRssMb } of peaks)
      this.#peaks.set(pid, {
        kind: kindOf(pid),
        mb: Math.max(this.#peaks.get(pid)?.mb ?? 0, peakRssMb),
      });
  }

  #peaksByKind() {
    const peaks = { worker: 0, submitter: 0, plugin: 0, postgres: 0 };
    for (const { kind, mb } of this.#peaks.values()) peaks[kind] = Math.max(peaks[kind], mb);
    return peaks;
  }

  async #reading() {
    const [database] = await this.query(
      `select pg_current_wal_insert_lsn() - '0/0' as wal, pg_database_size(current_database()) as disk,
        (select xact_commit from pg_stat_database where datname = current_database()) as commits`,
    );
    this.#sample();
    const cpuMs = { worker: 0, submitter: 0 };
    for (const { kind, cpuMs: spent } of this.#children) cpuMs[kind] += spent;
    for (const [kind, pid] of Object.entries(this.#pids))
      cpuMs[kind] = pid === undefined ? Number.NaN : treeFigures(pid).cpuMs;
    const { wal, disk, commits } = database;
    return { cpuMs, walBytes: Number(wal), diskBytes: Number(disk), commits: Number(commits) };
  }
}

/** The rows of a CSV of hosts. */
function* hostRows(objects) {
  yield 'type,subtype,value\n';
  for (let n = 0; n < objects; n += 1) yield `indicator,FQDN,host${n}.example.com\n`;
}

function printed(child, text) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (child.said.includes(text)) resolve();
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('close', (status) =>
      reject(new Error(`A process ended with ${status} before it was ready: ${child.said}`)),
    );
  });
}
