import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Database } from './database.js';
import type { DialectTraits } from './dialect-traits.js';
import type { Tables } from './tables.js';

export const POSTGRES_TRAITS: DialectTraits = {
  withoutRowid: false,
  rowLocks: true,
  binaryType: 'bytea',
  sequenceType: 'bigserial',
  sequence: (column) => column.primaryKey(),
  jsonElements: (json) => sql`json_array_elements(cast(${json} as json))`,
};

const BIGINT_OID = 20;
const MAX_CONNECTIONS = 10;

/** Opens a PostgreSQL database (13 or newer) by URL. `bigint` columns come as numbers: no value here passes 2^53. */
export function openPostgres(url: string): Database {
  const types = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === BIGINT_OID ? Number : pg.types.getTypeParser(oid, format as 'text'),
  };
  const pool = new pg.Pool({ connectionString: url, max: MAX_CONNECTIONS, types: types as never });
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return { kysely, traits: POSTGRES_TRAITS, close: () => kysely.destroy() };
}
