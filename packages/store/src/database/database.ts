import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DialectTraits } from './dialect-traits.js';
import type { Tables } from './tables.js';

/** An open database: Kysely with what its dialect can do. */
export interface Database {
  kysely: Kysely<Tables>;
  traits: DialectTraits;
  /** May be called twice. */
  close(): Promise<void>;
}

type CellType = 'bigint' | 'text' | 'double precision' | 'integer';

/**
 * Rows as a table to select or insert from, passed as one JSON parameter: the statement's text does not depend on their
 * number, so that it is compiled once and a thousand rows cost one round trip. `(select … ) as alias`. Texts go in as
 * `storableText` has them.
 */
export function rowsFrom<Columns extends Record<string, CellType>>(
  traits: DialectTraits,
  columns: Columns,
  rows: readonly { [K in keyof Columns]: string | number | null }[],
): RawBuilder<{ [K in keyof Columns]: Columns[K] extends 'text' ? string : number }> {
  return rowsOfJson(traits, columns, jsonOfRows(columns, rows));
}

/** The JSON that `rowsOfJson` takes apart again. */
export function jsonOfRows<Columns extends Record<string, CellType>>(
  columns: Columns,
  rows: readonly { [K in keyof Columns]: string | number | null }[],
): string {
  const names = Object.keys(columns);
  return storableJson(rows.map((row) => names.map((name) => row[name] as Cell)));
}

/** Whether a column is one of the numbers of a `jsonOfSeqs`. */
export function amongSeqs(traits: DialectTraits, column: string, json: string): RawBuilder<boolean> {
  const selected = sql`select cast(value ->> 0 as bigint) from ${traits.jsonElements(sql`${json}`)}`;
  return traits.isAmong(sql.ref(column), selected);
}

/** Whether a text is one of a `jsonOfTexts`. */
export function amongTexts(
  traits: DialectTraits,
  text: RawBuilder<unknown>,
  json: string,
): RawBuilder<boolean> {
  const selected = sql`select cast(value ->> 0 as text) from ${traits.jsonElements(sql`${json}`)}`;
  return traits.isAmong(text, selected);
}

/** As `jsonOfRows` has it for rows of one text. */
export function jsonOfTexts(texts: readonly string[]): string {
  return storableJson(texts.map((text) => [text]));
}

/** As `jsonOfRows` has it for rows of one number. */
export function jsonOfSeqs(seqs: readonly number[]): string {
  return seqs.length === 0 ? '[]' : `[[${seqs.join('],[')}]]`;
}

/** As `rowsFrom`, for rows that are JSON already, such as a parameter of a prepared query. */
export function rowsOfJson<Columns extends Record<string, CellType>>(
  traits: DialectTraits,
  columns: Columns,
  json: string,
): RawBuilder<{ [K in keyof Columns]: Columns[K] extends 'text' ? string : number }> {
  const names = Object.keys(columns);
  const cells = names.map(
    (name, at) => sql`cast(value ->> ${sql.lit(at)} as ${sql.raw(columns[name]!)}) as ${sql.ref(name)}`,
  );
  return sql`(select ${sql.join(cells)} from ${traits.jsonElements(sql`${json}`)})`;
}

/** The text as every database takes it: NUL and halves of surrogate pairs become U+FFFD. */
export function storableText(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text).toWellFormed();
}

type Cell = string | number | null;

function storableJson(rows: Cell[][]): string {
  const json = JSON.stringify(rows);
  if (!/\\u(?:0000|d[89a-f])/.test(json)) return json;
  return JSON.stringify(
    rows.map((row) => row.map((cell) => (typeof cell === 'string' ? storableText(cell) : cell))),
  );
}
