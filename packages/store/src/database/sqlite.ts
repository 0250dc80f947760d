import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { CompiledQuery, Kysely, SqliteAdapter, SqliteDialect, sql } from 'kysely';
import type { Database } from './database.js';
import type { DialectTraits } from './dialect-traits.js';
import { COMMIT, ROUND_TRIP } from './round-trip.js';
import type { Tables } from './tables.js';
import { WriteAheadLog } from './write-ahead-log.js';

const SQLITE_TRAITS: Omit<DialectTraits, 'commitDurably'> = {
  withoutRowid: true,
  rowLocks: false,
  functions: false,
  changesInWith: false,
  binaryType: 'blob',
  textType: 'text',
  keyType: 'integer',
  sequenceType: 'integer',
  sequence: (column) => column.primaryKey().autoIncrement(),
  placeholder: () => '?',
  // Else SQLite keeps a copy of every page that a statement of several rows changes, to be able to undo it alone: twice the
  // work for rows with indexes. It does so all the same where the statement may update rows.
  insertInto: 'insert or rollback into',
  jsonElements: (json) => sql`json_each(${json})`,
  isAmong: (value, selected) => sql`${value} in (${selected})`,
  commitsInOrder: true,
  isRowAmong(columns, some) {
    const list = sql.join(columns.map((column) => sql.ref(column)));
    return sql`(${list}) in (select ${list} ${some})`;
  },
  readByPrimaryKey: sql`not indexed`,
  // LIKE ignores the case of ASCII letters here; GLOB does not.
  matchesPieces: (column, pieces) =>
    sql`${column} glob ${pieces.map((piece) => piece.replaceAll(/[*?[]/g, '[$&]')).join('*')}`,
  // A transaction that may write holds the database's only write lock from its start.
  serialize: async () => undefined,
  waitAtMost: async () => undefined,
  isLockTimeout: () => false,
  lockTables: async () => undefined,
  refreshStatistics: async () => undefined,
  async relationNames(db) {
    const { rows } = await sql<{ name: string }>`select name from sqlite_master`.execute(db);
    return rows.map(({ name }) => name);
  },
  async databaseBytes(db) {
    const query = sql<{ bytes: number }>`select page_count * page_size as bytes
      from pragma_page_count(), pragma_page_size()`;
    return (await query.execute(db)).rows[0]!.bytes;
  },
  async lastSequence(db, table) {
    const query = sql<{ seq: number }>`select seq from sqlite_sequence where name = ${table}`;
    return (await query.execute(db)).rows[0]?.seq ?? 0;
  },
  async setSequence(trx, table, last) {
    await sql`delete from sqlite_sequence where name = ${table}`.execute(trx);
    await sql`insert into sqlite_sequence (name, seq) values (${table}, ${last})`.execute(trx);
  },
};

/** How long a statement waits for another process's write before it gives up. */
const BUSY_TIMEOUT_MS = 10_000;
/** Statements kept prepared, by their text. */
const MAX_PREPARED = 200;

/** Imports write to the same index pages again and again: a longer log moves them to the file less often. */
const PRAGMAS =
  'pragma synchronous = normal; pragma foreign_keys = off; pragma temp_store = memory; pragma wal_autocheckpoint = 4000;';

/** Opens (and makes) a database file; `:memory:` for one that goes with the process. */
export function openSqlite(file: string): Database {
  const raw = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  enterWal(raw);
  raw.exec(`${PRAGMAS} pragma cache_size = -16000;`);
  const kysely = new Kysely<Tables>({ dialect: new NodeSqliteDialect(raw) });
  const log = new WriteAheadLog(kysely, { file, busyTimeoutMs: BUSY_TIMEOUT_MS, pragmas: PRAGMAS });
  const traits: DialectTraits = {
    ...SQLITE_TRAITS,
    ...(hasJsonbEach(raw) ? { jsonElements: jsonbElements } : {}),
    commitDurably: (_, statements) => log.commit(statements),
  };
  async function close(): Promise<void> {
    // The last connection that closes moves the log to the database.
    await log.close();
    await kysely.destroy();
    // Kysely closes only what it has used.
    if (raw.isOpen) raw.close();
  }
  return { kysely, traits, close };
}

const SQLITE_BUSY = 5;
const WAL_RETRY_MS = 5;

/**
 * Turns a new file's journal into a write-ahead log. SQLite gives up at once when another process does the same, without
 * minding the busy time-out, so that the waiting is ours.
 */
function enterWal(raw: DatabaseSync): void {
  const deadline = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      raw.exec('pragma journal_mode = wal');
      return;
    } catch (error) {
      const isBusy = (error as { errcode?: number }).errcode === SQLITE_BUSY;
      if (!isBusy || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAL_RETRY_MS);
    }
  }
}

/** As `json_each`, since SQLite 3.51; rows of several cells are read four times as fast. */
const jsonbElements: DialectTraits['jsonElements'] = (json) => sql`jsonb_each(${json})`;

function hasJsonbEach(raw: DatabaseSync): boolean {
  try {
    raw.prepare(`select 1 from jsonb_each('[]')`);
    return true;
  } catch {
    return false;
  }
}

/** Kysely's own dialect over node:sqlite, with transactions that take the write lock at once instead of failing half-way. */
class NodeSqliteDialect extends SqliteDialect {
  readonly #raw: DatabaseSync;

  constructor(raw: DatabaseSync) {
    super({ database: asKyselyDatabase(raw) });
    this.#raw = raw;
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter();
  }

  override createDriver(): ReturnType<SqliteDialect['createDriver']> {
    const driver = super.createDriver();
    driver.beginTransaction = async (connection) => {
      await connection.executeQuery(CompiledQuery.raw('begin immediate'));
    };
    // A round trip may have done so.
    driver.commitTransaction = async (connection) => {
      if (this.#raw.isTransaction) await connection.executeQuery(CompiledQuery.raw(COMMIT));
    };
    // SQLite has rolled back by itself where the disk was full or failed; a second time would be an error in the first one's place.
    driver.rollbackTransaction = async (connection) => {
      if (this.#raw.isTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'));
    };
    return driver;
  }
}

/** SQLite's schema changes are part of a transaction, so that migrations run in one and keep other processes out. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

type SqliteConfig = Exclude<
  ConstructorParameters<typeof SqliteDialect>[0]['database'],
  (...args: never[]) => unknown
>;
type KyselyStatement = ReturnType<SqliteConfig['prepare']>;

function asKyselyDatabase(raw: DatabaseSync): SqliteConfig {
  const prepared = new Map<string, KyselyStatement>();
  function prepare(text: string): KyselyStatement {
    const known = prepared.get(text);
    if (known !== undefined) return known;
    const statement = asKyselyStatement(raw.prepare(text));
    prepared.set(text, statement);
    if (prepared.size > MAX_PREPARED) prepared.delete(prepared.keys().next().value!);
    return statement;
  }
  const roundTrip: KyselyStatement = {
    reader: true,
    all: (statements) => (statements as CompiledQuery[]).map((one) => rowsOf(prepare(one.sql), one)),
    run: neverAlone,
    iterate: neverAlone,
  };
  return {
    close: () => raw.close(),
    prepare: (text) => (text === ROUND_TRIP ? roundTrip : prepare(text)),
  };
}

function rowsOf(statement: KyselyStatement, { parameters }: CompiledQuery): unknown[] {
  if (statement.reader) return statement.all(parameters);
  statement.run(parameters);
  return [];
}

function neverAlone(): never {
  throw new Error('A round trip holds statements and is none.');
}

function asKyselyStatement(statement: StatementSync): KyselyStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as never[])),
    run: (parameters) => statement.run(...(parameters as never[])),
    iterate: (parameters) => statement.iterate(...(parameters as never[])) as IterableIterator<unknown>,
  };
}
