import { Fault, isFault } from '@drover/model';
import { CompiledQuery, Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely';
import pg from 'pg';
import { DEFAULT_PATIENCE, type Patience } from './answer-watch.js';
import type { Database } from './database.js';
import type { DialectTraits } from './dialect-traits.js';
import { commitTogether } from './round-trip.js';
import type { Tables } from './tables.js';
import { WatchedClient, type WatchedClientConfig } from './watched-client.js';

const LOCK_TIMEOUT = '10s';
const LOCK_NOT_AVAILABLE = '55P03';
const DURABLY = CompiledQuery.raw('set local synchronous_commit = on');
/**
 * A process that is stopped or cut off in the middle of a transaction holds its locks, and nobody could take up the run that
 * it has locked: the server ends such a transaction. None of ours does anything else for so long.
 */
const LONGEST_PAUSE_IN_TRANSACTION = '15s';

/** The name that `bigserial` gives to what counts a table's `seq`. */
const sequenceOf = (table: string): string => `${table}_seq_seq`;

export const POSTGRES_TRAITS: DialectTraits = {
  withoutRowid: false,
  rowLocks: true,
  functions: true,
  changesInWith: true,
  binaryType: 'bytea',
  textType: sql`text collate "C"`,
  keyType: 'bigint',
  sequenceType: 'bigserial',
  sequence: (column) => column.primaryKey(),
  placeholder: (n) => `$${n}`,
  insertInto: 'insert into',
  jsonElements: (json) => sql`json_array_elements(cast(${json} as json))`,
  isAmong: (value, selected) => sql`${value} = any (array(${selected}))`,
  isRowAmong: (_, some) => sql`ctid = any (array(select ctid ${some}))`,
  readByPrimaryKey: sql``,
  matchesPieces: (column, pieces) =>
    sql`${column} like ${pieces.map((piece) => piece.replaceAll(/[\\%_]/g, String.raw`\$&`)).join('%')}`,
  async serialize(trx, name) {
    await sql`select pg_advisory_xact_lock(hashtext(${name}))`.execute(trx);
  },
  async waitAtMost(trx, ms) {
    await sql`set local lock_timeout = ${sql.lit(ms)}`.execute(trx);
  },
  isLockTimeout: (error) => (error as { code?: unknown } | null)?.code === LOCK_NOT_AVAILABLE,
  async lockTables(trx, names) {
    await sql`set local lock_timeout = ${sql.lit(LOCK_TIMEOUT)}`.execute(trx);
    // Whoever needs tables for itself may work on something else for long, such as another database.
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(trx);
    await sql`lock table ${sql.join(names.map((name) => sql.table(name)))} in exclusive mode`.execute(trx);
  },
  async relationNames(db) {
    const query = sql<{ name: string }>`select relname as name from pg_class
      join pg_namespace on pg_namespace.oid = relnamespace where nspname = current_schema()`;
    return (await query.execute(db)).rows.map(({ name }) => name);
  },
  async databaseBytes(db) {
    const query = sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`;
    return (await query.execute(db)).rows[0]!.bytes;
  },
  async lastSequence(db, table) {
    const sequence = sql.table(sequenceOf(table));
    const query = sql<{ last: number }>`select case when is_called then last_value else 0 end as last
      from ${sequence}`;
    return (await query.execute(db)).rows[0]!.last;
  },
  async setSequence(trx, table, last) {
    await sql`select setval(${sequenceOf(table)}, ${last})`.execute(trx);
  },
  async refreshStatistics(trx, tables) {
    await sql`analyze ${sql.join(tables.map((name) => sql.table(name)))}`.execute(trx);
  },
  async commitDurably(kysely, statements) {
    const [, ...rows] = await commitTogether(kysely, [DURABLY, ...statements]);
    return rows;
  },
  commitsInOrder: false,
};

/** What tells the tables of a PostgreSQL database from all others, whatever names its server is reached by. */
export async function postgresIdentity({ kysely }: Database): Promise<string> {
  const since = sql`extract(epoch from pg_postmaster_start_time())`;
  const query = sql<{ id: string }>`select concat_ws(' ', ${since}, oid, current_schema()) as id
    from pg_database where datname = current_database()`;
  return (await query.execute(kysely)).rows[0]!.id;
}

/** Types whose values come as text from the driver: `bigint`, and `numeric` as sums of it are. */
const WHOLE_NUMBER_OIDS = [20, 1700];
const MAX_CONNECTIONS = 10;

/** Opens a PostgreSQL database (13 or newer) by URL. What is asked of it may fail with `DATABASE_UNREACHABLE`. */
export function openPostgres(url: string, { patience }: { patience?: Patience } = {}): Database {
  return overPostgresPool(reachable(postgresPool(url, { patience }), url));
}

/** The connections of a database. `bigint` columns and sums come as numbers: no value here passes 2^53. */
export function postgresPool(
  url: string,
  { patience = DEFAULT_PATIENCE }: { patience?: Patience | undefined } = {},
): pg.Pool {
  const types = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      WHOLE_NUMBER_OIDS.includes(oid) ? Number : pg.types.getTypeParser(oid, format as 'text'),
  };
  const options: pg.PoolConfig & WatchedClientConfig = {
    connectionString: url,
    max: MAX_CONNECTIONS,
    types: types as never,
    Client: WatchedClient as never,
    patience,
    // Here and not in Kysely, which never gives a connection back on which this fails: closing would wait for it.
    onConnect: setUp,
  };
  const pool = new pg.Pool(options);
  // Without listeners, the loss of a connection would end the process. The query under way fails, the next one opens a new
  // connection. The pool listens to those that lie idle and passes it on; those in use are not its own.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

/** A database whose connections come from this pool, which closing it ends. */
export function overPostgresPool(pool: PostgresPool): Database {
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return { kysely, traits: POSTGRES_TRAITS, close: () => kysely.destroy() };
}

/**
 * Statements stay prepared, with the plan that was right for the table as it was then: over one that was small, a plan that reads all
 * of it, for as long as nobody has analyzed it. Ours look rows up by an index or page along one, whatever the table's size, and are too
 * short to be worth compiling, or other processes' help.
 */
const PLANS_BY_INDEX = ['enable_seqscan = off', 'jit = off', 'max_parallel_workers_per_gather = 0'];

async function setUp(client: pg.ClientBase): Promise<void> {
  const pause = `idle_in_transaction_session_timeout = '${LONGEST_PAUSE_IN_TRANSACTION}'`;
  await client.query([pause, ...PLANS_BY_INDEX].map((setting) => `set ${setting}`).join('; '));
}

/** What the driver says when the server asks for a password that nobody gave. */
const MISSING_PASSWORD = /client password must be a/;

/** The pool, whose connections that cannot be had are the fault `DATABASE_UNREACHABLE`, in whatever they were wanted for. */
function reachable(pool: pg.Pool, url: string): PostgresPool {
  const { host, pathname } = new URL(url);
  return {
    connect: () =>
      pool.connect().catch((cause: { code?: string; message?: string }) => {
        if (isFault(cause)) throw cause;
        const reason = MISSING_PASSWORD.test(cause.message ?? '')
          ? 'it asks for a password, and its URL has none'
          : cause.message || cause.code || 'no answer';
        throw new Fault(
          'DATABASE_UNREACHABLE',
          `The database ${host}${pathname} cannot be used: ${reason}.`,
          {
            cause,
          },
        );
      }),
    end: () => pool.end(),
    options: pool.options,
  };
}
