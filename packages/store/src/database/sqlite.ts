import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { CompiledQuery, Kysely, SqliteDialect, sql } from 'kysely';
import type { Database } from './database.js';
import type { DialectTraits } from './dialect-traits.js';
import type { Tables } from './tables.js';

export const SQLITE_TRAITS: DialectTraits = {
  withoutRowid: true,
  rowLocks: false,
  binaryType: 'blob',
  sequenceType: 'integer',
  sequence: (column) => column.primaryKey().autoIncrement(),
  jsonElements: (json) => sql`json_each(${json})`,
};

/** How long a statement waits for another process's write before it gives up. */
const BUSY_TIMEOUT_MS = 10_000;
/** Statements kept prepared, by their text. */
const MAX_PREPARED = 200;

/** Opens (and makes) a database file; `:memory:` for one that goes with the process. */
export function openSqlite(file: string): Database {
  const raw = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  raw.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = off;');
  raw.exec('pragma temp_store = memory; pragma cache_size = -16000;');
  const kysely = new Kysely<Tables>({ dialect: new NodeSqliteDialect(raw) });
  return { kysely, traits: SQLITE_TRAITS, close: () => kysely.destroy() };
}

/** Kysely's own dialect over node:sqlite, with transactions that take the write lock at once instead of failing half-way. */
class NodeSqliteDialect extends SqliteDialect {
  constructor(raw: DatabaseSync) {
    super({ database: asKyselyDatabase(raw) });
  }

  override createDriver(): ReturnType<SqliteDialect['createDriver']> {
    const driver = super.createDriver();
    driver.beginTransaction = async (connection) => {
      await connection.executeQuery(CompiledQuery.raw('begin immediate'));
    };
    return driver;
  }
}

type SqliteConfig = Exclude<
  ConstructorParameters<typeof SqliteDialect>[0]['database'],
  (...args: never[]) => unknown
>;

function asKyselyDatabase(raw: DatabaseSync): SqliteConfig {
  const prepared = new Map<string, StatementSync>();
  function prepare(text: string): StatementSync {
    const known = prepared.get(text);
    if (known !== undefined) return known;
    const statement = raw.prepare(text);
    prepared.set(text, statement);
    if (prepared.size > MAX_PREPARED) prepared.delete(prepared.keys().next().value!);
    return statement;
  }
  return {
    close: () => raw.close(),
    prepare(text) {
      const statement = prepare(text);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as never[])),
        run: (parameters) => statement.run(...(parameters as never[])),
        iterate: (parameters) => statement.iterate(...(parameters as never[])) as IterableIterator<unknown>,
      };
    },
  } as SqliteConfig;
}
