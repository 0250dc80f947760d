import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DialectTraits } from './dialect-traits.js';
import type { Tables } from './tables.js';

/** An open database: Kysely with what its dialect can do. */
export interface Database {
  kysely: Kysely<Tables>;
  traits: DialectTraits;
  close(): Promise<void>;
}

type CellType = 'bigint' | 'text' | 'double precision' | 'integer';

/**
 * Rows as a table to select or insert from, passed as one JSON parameter: the statement's text does not depend on their
 * number, so that it is compiled once and a thousand rows cost one round trip. `(select … ) as alias`.
 */
export function rowsFrom<Columns extends Record<string, CellType>>(
  traits: DialectTraits,
  columns: Columns,
  rows: readonly { [K in keyof Columns]: string | number | null }[],
): RawBuilder<{ [K in keyof Columns]: Columns[K] extends 'text' ? string : number }> {
  const names = Object.keys(columns);
  const json = JSON.stringify(rows.map((row) => names.map((name) => row[name])));
  const cells = names.map(
    (name, at) => sql`cast(value ->> ${sql.lit(at)} as ${sql.raw(columns[name]!)}) as ${sql.ref(name)}`,
  );
  return sql`(select ${sql.join(cells)} from ${traits.jsonElements(sql`${json}`)})`;
}
