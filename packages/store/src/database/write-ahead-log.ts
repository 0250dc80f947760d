import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Kysely, type Transaction, sql } from 'kysely';
import type { Tables } from './tables.js';

type Work<Result> = (trx: Transaction<Tables>) => Promise<Result>;

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

  /** A transaction whose commit is on the disk when it resolves. */
  async durably<Result>(kysely: Kysely<Tables>, work: Work<Result>): Promise<Result> {
    if (this.#path === undefined) return kysely.transaction().execute(work);
    if (this.#descriptor === undefined) {
      const result = await firstDurably(kysely, work);
      this.#descriptor ??= openSync(this.#path, 'r+');
      return result;
    }
    const result = await kysely.transaction().execute(work);
    // What a checkpoint has moved out of the log by now was flushed with the database.
    await flush(this.#descriptor);
    return result;
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
function firstDurably<Result>(kysely: Kysely<Tables>, work: Work<Result>): Promise<Result> {
  return kysely.connection().execute(async (connection) => {
    await sql`pragma synchronous = full`.execute(connection);
    try {
      return await connection.transaction().execute(work);
    } finally {
      await sql`pragma synchronous = normal`.execute(connection);
    }
  });
}
