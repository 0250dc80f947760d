import type {
  ColumnDataType,
  ColumnDefinitionBuilder,
  CompiledQuery,
  Expression,
  Kysely,
  RawBuilder,
  Transaction,
} from 'kysely';
import type { Tables } from './tables.js';

/** What the databases can do or spell differently; queries ask these flags and never for a dialect's name. */
export interface DialectTraits {
  /** Tables with a composite key may be stored in the key's tree alone. */
  withoutRowid: boolean;
  /** Rows of a query can be locked, and locked ones skipped (`FOR UPDATE SKIP LOCKED`). Else a transaction has the database alone. */
  rowLocks: boolean;
  /** The database keeps functions in PL/pgSQL, and tables that it does not log. */
  functions: boolean;
  /** A query may change rows in its `with` and go on with what came of that. */
  changesInWith: boolean;
  /** Column type of byte strings. */
  binaryType: ColumnDataType;
  /** Column type of texts; they sort by code point on every database. */
  textType: ColumnDataType | RawBuilder<unknown>;
  /** Column type of a single whole number as the primary key, given by this code. */
  keyType: ColumnDataType;
  sequenceType: ColumnDataType;
  /** Makes a column one that the database counts up and that is the primary key. */
  sequence(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder;
  /** How a statement's text names its n-th parameter, counted from 1. */
  placeholder(n: number): string;
  /** How a statement of several rows begins that fails as a whole: with it all of its transaction, which nobody goes on with. */
  insertInto: string;
  /** One row per element of a JSON array parameter, as the column `value`. */
  jsonElements(json: RawBuilder<unknown>): RawBuilder<unknown>;
  /**
   * Whether a value is one of those that a query selects. Worded so that the planner looks each of them up by an index, however
   * many it takes them for.
   */
  isAmong(value: RawBuilder<unknown>, selected: RawBuilder<unknown>): RawBuilder<boolean>;
  /** Whether a row, told apart by these columns, is one of some rows of the same table: `from …`, with what follows. As `isAmong`. */
  isRowAmong(columns: readonly string[], some: RawBuilder<unknown>): RawBuilder<boolean>;
  /**
   * Stands behind a table's alias and keeps a planner without statistics off the secondary indexes, so that a page in
   * the order of the primary key stops at its limit and does not sort everything that matches.
   */
  readByPrimaryKey: RawBuilder<unknown>;
  /** Whether a text has the pieces in this order with anything between them; the outer ones are anchored. Case counts. */
  matchesPieces(column: Expression<string>, pieces: readonly string[]): RawBuilder<boolean>;
  /** Until the transaction ends, no other one gets past the same call with the same name. */
  serialize(trx: Transaction<Tables>, name: string): Promise<void>;
  /** What comes next in the transaction waits no longer than this for a lock; what it then rejects with `isLockTimeout` knows. */
  waitAtMost(trx: Transaction<Tables>, ms: number): Promise<void>;
  isLockTimeout(error: unknown): boolean;
  /**
   * Until the transaction ends, nobody else writes to these tables. Has to be its first statement: what it reads then is
   * the newest there is. Rejects when somebody else holds one of them for ten seconds.
   */
  lockTables(trx: Transaction<Tables>, names: readonly (keyof Tables)[]): Promise<void>;
  /** Names that are taken where our tables are, or would be. */
  relationNames(db: Kysely<Tables>): Promise<string[]>;
  /** What the database takes on its disk, indexes included. */
  databaseBytes(db: Kysely<Tables>): Promise<number>;
  /** The last number that the database gave to the column `seq` of a table; 0 before the first. */
  lastSequence(db: Kysely<Tables>, table: keyof Tables): Promise<number>;
  /** The database goes on counting after this number, which no row passes. */
  setSequence(trx: Transaction<Tables>, table: keyof Tables, last: number): Promise<void>;
  /**
   * Has the planner look at tables that have grown by much. Until it has, it takes them for empty and may read all of them where
   * a few rows are asked for.
   */
  refreshStatistics(trx: Transaction<Tables>, tables: readonly (keyof Tables)[]): Promise<void>;
  /**
   * A transaction of these statements, on the disk when it resolves, whatever the connection's setting is: for what must
   * survive the loss of power, such as the intent of a call that must not be repeated. Answers with the rows of each.
   */
  commitDurably(kysely: Kysely<Tables>, statements: readonly CompiledQuery[]): Promise<unknown[][]>;
  /** Of two such transactions, the one that was asked for later is on the disk later, without waiting for word of the other. */
  commitsInOrder: boolean;
}
