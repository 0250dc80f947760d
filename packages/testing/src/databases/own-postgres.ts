import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openPostgres } from '@drover/store';
import { sql } from 'kysely';
import { postgresOrigin } from './postgres-databases.js';

const POLL_MS = 20;
const START_TIMEOUT_MS = 120_000;
const RESTART_TIMEOUT_MS = 60_000;
const REMOVE_TIMEOUT_MS = 30_000;
/** As source in tests, as what was built of it elsewhere. */
const SUPERVISOR = fileURLToPath(
  new URL(`./postgres-supervisor${extname(import.meta.url)}`, import.meta.url),
);

type State = { url: string; starts: number; pid: number } | { error: string; pid: number };

/** What keeps a test from having a PostgreSQL of its own; undefined when it can have one. */
export function missingOwnPostgres(): string | undefined {
  const origin = postgresOrigin();
  if (origin.kind === 'binaries') return undefined;
  if (origin.kind === 'missing') return `no PostgreSQL: ${origin.reasons.join('; ')}`;
  return `the PostgreSQL of this test run (${origin.kind}) is not ours to restart; install postgresql`;
}

/**
 * A PostgreSQL of one test, to be restarted at the same port with what it holds. It is ended by `remove`, or when the
 * process that started it is gone.
 */
export class OwnPostgres {
  /** A user that may create databases, and an empty database. */
  readonly url: string;
  readonly #directory: string;
  readonly #pid: number;
  #starts = 1;

  private constructor(directory: string, { url, pid }: { url: string; pid: number }) {
    this.#directory = directory;
    this.url = url;
    this.#pid = pid;
  }

  static async start(): Promise<OwnPostgres> {
    const origin = postgresOrigin();
    const directory = mkdtempSync(join(tmpdir(), 'drover-test-postgres-'));
    const stateFile = join(directory, 'state.json');
    const log = openSync(join(directory, 'supervisor.log'), 'w');
    // Acknowledged commits outlive the death of the server's processes; that of the machine is not rehearsed.
    const settings = { synchronous_commit: 'on' };
    const assignment = JSON.stringify({ origin, directory, stateFile, watch: process.pid, settings });
    const supervisor = spawn(process.execPath, [SUPERVISOR, assignment], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    supervisor.unref();
    const until = performance.now() + START_TIMEOUT_MS;
    while (!existsSync(stateFile)) {
      const said = (): string => readFileSync(join(directory, 'supervisor.log'), 'utf8');
      if (performance.now() > until) throw new Error(`PostgreSQL was not started in time: ${said()}`);
      await sleep(POLL_MS);
    }
    const state = JSON.parse(readFileSync(stateFile, 'utf8')) as State;
    if ('error' in state) throw new Error(state.error);
    return new OwnPostgres(directory, state);
  }

  /**
   * Ends all sessions and starts again; resolves when it takes connections.
   *
   * @param options.crash without a shutdown, as when the kernel kills it: it recovers from its log
   */
  async restart({ crash = false }: { crash?: boolean } = {}): Promise<void> {
    this.#starts += 1;
    process.kill(this.#pid, crash ? 'SIGHUP' : 'SIGUSR2');
    const until = performance.now() + RESTART_TIMEOUT_MS;
    for (;;) {
      const state = JSON.parse(readFileSync(join(this.#directory, 'state.json'), 'utf8')) as State;
      if ('error' in state) throw new Error(state.error);
      if (state.starts >= this.#starts) return;
      if (performance.now() > until) throw new Error('PostgreSQL was not restarted in time.');
      await sleep(POLL_MS);
    }
  }

  /** @param table name of one in the database of the URL, with a condition */
  async countRows(table: string): Promise<number> {
    const database = openPostgres(this.url);
    try {
      const query = sql.raw<{ n: number }>(`select count(*) as n from ${table}`);
      return (await query.execute(database.kysely)).rows[0]!.n;
    } finally {
      await database.close();
    }
  }

  async remove(): Promise<void> {
    const until = performance.now() + REMOVE_TIMEOUT_MS;
    if (this.#signal('SIGTERM')) {
      while (this.#signal(0)) {
        if (performance.now() > until) throw new Error('PostgreSQL did not end in time.');
        await sleep(POLL_MS);
      }
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** False when the supervisor has ended. */
  #signal(name: NodeJS.Signals | 0): boolean {
    try {
      process.kill(this.#pid, name);
      return true;
    } catch {
      return false;
    }
  }
}
