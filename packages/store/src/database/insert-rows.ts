import { CompiledQuery, type Kysely } from 'kysely';
import { storableText } from './database.js';
import type { DialectTraits } from './dialect-traits.js';
import type { Tables } from './tables.js';

export type InsertCell = string | number | Uint8Array | null;

export interface InsertRows {
  table: keyof Tables;
  columns: readonly string[];
  rows: readonly (readonly InsertCell[])[];
  /** What follows the values, such as an `on conflict` clause. A constant text. */
  suffix?: string;
}

/** Rows of one statement: a few sizes only, so that their texts stay prepared. */
const CHUNK_SIZES = [100, 10, 1];

const texts = new Map<string, string>();

/**
 * Inserts rows as plain parameters, a hundred in one statement. Half the cost of passing them as JSON (`rowsFrom`), which
 * is for rows that a query has to join.
 */
export async function insertRows(
  db: Kysely<Tables>,
  traits: DialectTraits,
  { table, columns, rows, suffix = '' }: InsertRows,
): Promise<void> {
  let at = 0;
  for (const size of CHUNK_SIZES) {
    for (; rows.length - at >= size; at += size) {
      const parameters = rows.slice(at, at + size).flatMap((row) => row.map(storable));
      const text = insertText(traits, { table, columns, size, suffix });
      await db.executeQuery(CompiledQuery.raw(text, parameters));
    }
  }
}

function storable(cell: InsertCell): InsertCell {
  return typeof cell === 'string' ? storableText(cell) : cell;
}

function insertText(
  traits: DialectTraits,
  { table, columns, size, suffix }: Omit<InsertRows, 'rows' | 'suffix'> & { size: number; suffix: string },
): string {
  const key = `${traits.placeholder(1)} ${table} ${columns.join()} ${size} ${suffix}`;
  const known = texts.get(key);
  if (known !== undefined) return known;
  let parameter = 0;
  const row = () => `(${columns.map(() => traits.placeholder((parameter += 1))).join(', ')})`;
  const names = columns.map((name) => `"${name}"`).join(', ');
  const text = `insert into "${table}" (${names}) values ${Array.from({ length: size }, row).join(', ')} ${suffix}`;
  texts.set(key, text);
  return text;
}
