import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { type CompiledQuery, type Kysely, sql } from 'kysely';
import { commitTogether } from './round-trip.js';
import type { Tables } from './tables.js';

type Statements = readonly CompiledQuery[];

const flush = promisify(fdatasync);

/**
 * The write-ahead log of a SQLite file, as far as commits have to be on the disk. SQLite itself would wait for the disk
 * with the event loop standing still (`synchronous = full`); here a commit is written as any other and its log is then
 * flushed by a thread of Node's pool, while other work goes on.
 */
export class WriteAheadLog {
  readonly #path: string | undefined;
  #descriptor: number | undefined;

  constructor(databaseFile: string) {
    this.#path = databaseFile === ':memory:' ? undefined : `${databaseFile}-wal`;
  }

  /** Commits the statements and resolves when they are on the disk, with the rows of each. */
  async commit(kysely: Kysely<Tables>, statements: Statements): Promise<unknown[][]> {
    if (this.#path === undefined) return commitTogether(kysely, statements);
    if (this.#descriptor === undefined) {
      const rows = await commitFirst(kysely, statements);
      this.#descriptor ??= openSync(this.#path, 'r+');
      return rows;
    }
    const rows = await commitTogether(kysely, statements);
    // What a checkpoint has moved out of the log by now was flushed with the database.
    await flush(this.#descriptor);
    return rows;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
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
