import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Database } from './database.js';
import type { DialectTraits } from './dialect-traits.js';
import type { Tables } from './tables.js';

const LOCK_TIMEOUT = '10s';

/** The name that `bigserial` gives to what counts a table's `seq`. */
const sequenceOf = (table: string): string => `${table}_seq_seq`;

export const POSTGRES_TRAITS: DialectTraits = {
  withoutRowid: false,
  rowLocks: true,
  functions: true,
  binaryType: 'bytea',
  textType: sql`text collate "C"`,
  keyType: 'bigint',
  sequenceType: 'bigserial',
  sequence: (column) => column.primaryKey(),
  placeholder: (n) => `$${n}`,
  jsonElements: (json) => sql`json_array_elements(cast(${json} as json))`,
  readByPrimaryKey: sql``,
  matchesPieces: (column, pieces) =>
    sql`${column} like ${pieces.map((piece) => piece.replaceAll(/[\\%_]/g, String.raw`\$&`)).join('%')}`,
  async serialize(trx, name) {
    await sql`select pg_advisory_xact_lock(hashtext(${name}))`.execute(trx);
  },
  async lockTables(trx, names) {
    await sql`set local lock_timeout = ${sql.lit(LOCK_TIMEOUT)}`.execute(trx);
    await sql`lock table ${sql.join(names.map((name) => sql.table(name)))} in exclusive mode`.execute(trx);
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
  durably: (kysely, work) =>
    kysely.transaction().execute(async (trx) => {
      await sql`set local synchronous_commit = on`.execute(trx);
      return work(trx);
    }),
};

/** Types whose values come as text from the driver: `bigint`, and `numeric` as sums of it are. */
const WHOLE_NUMBER_OIDS = [20, 1700];
const MAX_CONNECTIONS = 10;

/** Opens a PostgreSQL database (13 or newer) by URL. `bigint` columns and sums come as numbers: no value here passes 2^53. */
export function openPostgres(url: string): Database {
  const types = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      WHOLE_NUMBER_OIDS.includes(oid) ? Number : pg.types.getTypeParser(oid, format as 'text'),
  };
  const pool = new pg.Pool({ connectionString: url, max: MAX_CONNECTIONS, types: types as never });
  // Without a listener, the loss of an idle connection would end the process; the next query opens a new one.
  pool.on('error', () => undefined);
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return { kysely, traits: POSTGRES_TRAITS, close: () => kysely.destroy() };
}
