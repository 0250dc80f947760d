import type { ColumnDataType, ColumnDefinitionBuilder, RawBuilder } from 'kysely';

/** What the databases can do or spell differently; queries ask these flags and never for a dialect's name. */
export interface DialectTraits {
  /** Tables with a composite key may be stored in the key's tree alone. */
  withoutRowid: boolean;
  /** Rows of a query can be locked, and locked ones skipped (`FOR UPDATE SKIP LOCKED`). Else a transaction has the database alone. */
  rowLocks: boolean;
  /** Column type of byte strings. */
  binaryType: ColumnDataType;
  sequenceType: ColumnDataType;
  /** Makes a column one that the database counts up and that is the primary key. */
  sequence(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder;
  /** One row per element of a JSON array parameter, as the column `value`. */
  jsonElements(json: RawBuilder<unknown>): RawBuilder<unknown>;
}
