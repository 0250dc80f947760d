import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { type CompiledQuery, type Kysely, sql } from 'kysely';
import { type CommitSettings, CommitThread } from './commit-thread.js';
import { commitTogether } from './round-trip.js';
import type { Tables } from './tables.js';

type Statements = readonly CompiledQuery[];

const flush = promisify(fdatasync);

/** So many commits make a thread for the next ones worth its start: a command alone comes to three. */
const COMMITS_BEFORE_THREAD = 8;

/**
 * The write-ahead log of a SQLite file, as far as commits have to be on the disk. SQLite itself would wait for the disk
 * with the event loop standing still (`synchronous = full`); here a commit is written as any other and its log is then
 * flushed by another thread, while other work goes on. Where there are many of them, that thread makes the whole commit.
 */
export class WriteAheadLog {
  readonly #kysely: Kysely<Tables>;
  readonly #settings: Omit<CommitSettings, 'logDescriptor'>;
  #descriptor: number | undefined;
  #thread: CommitThread | undefined;
  /** Since the last thread ended. */
  #commitsHere = 0;
  #underWayHere = 0;
  #isClosed = false;

  constructor(kysely: Kysely<Tables>, settings: Omit<CommitSettings, 'logDescriptor'>) {
    this.#kysely = kysely;
    this.#settings = settings;
  }

  /** Commits the statements and resolves when they are on the disk, with the rows of each. Commits are in the order of the calls. */
  async commit(statements: Statements): Promise<unknown[][]> {
    if (this.#settings.file === ':memory:') return commitTogether(this.#kysely, statements);
    if (this.#thread?.isReady && this.#underWayHere === 0) return this.#thread.commit(statements);
    this.#underWayHere += 1;
    try {
      return await this.#commitHere(statements);
    } finally {
      this.#underWayHere -= 1;
    }
  }

  /** What is under way in the thread is done first. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread?.close();
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  async #commitHere(statements: Statements): Promise<unknown[][]> {
    if (this.#descriptor === undefined) {
      const rows = await commitFirst(this.#kysely, statements);
      this.#descriptor ??= openSync(`${this.#settings.file}-wal`, 'r+');
      return rows;
    }
    const rows = await commitTogether(this.#kysely, statements);
    // What a checkpoint has moved out of the log by now was flushed with the database.
    await flush(this.#descriptor);
    this.#countCommit();
    return rows;
  }

  #countCommit(): void {
    this.#commitsHere += 1;
    if (this.#commitsHere < COMMITS_BEFORE_THREAD || this.#thread !== undefined || this.#isClosed) return;
    const thread = new CommitThread({ ...this.#settings, logDescriptor: this.#descriptor! });
    this.#thread = thread;
    void thread.ended.then(() => {
      this.#thread = undefined;
      this.#commitsHere = 0;
    });
  }
}

/**
 * By SQLite itself, which flushes the folder with its new log as well. The one connection is this function's alone until
 * it ends, so that no other commit is made slow by the setting.
 */
function commitFirst(kysely: Kysely<Tables>, statements: Statements): Promise<unknown[][]> {
  return kysely.connection().execute(async (connection) => {
    await sql`pragma synchronous = full`.execute(connection);
    try {
      return await commitTogether(connection, statements);
    } finally {
      await sql`pragma synchronous = normal`.execute(connection);
    }
  });
}
