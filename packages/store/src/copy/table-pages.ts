import { type Hash, createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { storableText } from '../database/database.js';
import type { InsertCell } from '../database/insert-rows.js';
import type { Tables } from '../database/tables.js';
import { COPIED_TABLES } from './copied-tables.js';

export type TableRow = Readonly<Record<string, InsertCell>>;

/** All rows of a table in the order of its primary key, a page at a time. */
export async function* pagesOf(db: Kysely<Tables>, table: keyof Tables): AsyncIterable<TableRow[]> {
  const { key, pageRows } = COPIED_TABLES[table];
  const columns = sql.join(key.map((name) => sql.ref(name)));
  let last: InsertCell[] | undefined;
  for (;;) {
    const after = last === undefined ? sql`` : sql`where (${columns}) > (${sql.join(last)})`;
    const query = sql<TableRow>`select * from ${sql.table(table)} ${after}
      order by ${columns} limit ${sql.lit(pageRows)}`;
    const { rows } = await query.execute(db);
    if (rows.length > 0) yield rows;
    if (rows.length < pageRows) return;
    const end = rows.at(-1)!;
    last = key.map((name) => end[name]!);
  }
}

/** Number and digest of a table's rows: equal for equal rows, whatever database they are in. */
export class TableDigest {
  readonly #hash: Hash = createHash('sha256');
  #rows = 0;

  /** Rows in the order of the primary key. */
  add(rows: readonly TableRow[]): void {
    const columns = Object.keys(rows[0] ?? {}).sort();
    for (const row of rows)
      this.#hash.update(`${JSON.stringify(columns.map((name) => plain(row[name]!)))}\n`);
    this.#rows += rows.length;
  }

  /** SHA-256 in lower-case hex. To be asked for once. */
  end(): { rows: number; digest: string } {
    return { rows: this.#rows, digest: this.#hash.digest('hex') };
  }
}

/** Bytes stand for themselves by their own digest; texts as every database takes them. */
function plain(cell: InsertCell): unknown {
  if (cell instanceof Uint8Array) return { sha256: createHash('sha256').update(cell).digest('hex') };
  return typeof cell === 'string' ? storableText(cell) : cell;
}
