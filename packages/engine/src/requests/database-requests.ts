import type { Forgotten } from '../ports/retention-store.js';

/** A step of a database's schema; without `appliedAt` it is still to be taken. */
export interface MigrationView {
  name: string;
  /** ISO 8601. */
  appliedAt?: string;
}

export interface MigrationReport {
  /** The database without its password. */
  database: string;
  migrations: MigrationView[];
  /** Steps that this request has taken, in order. */
  applied: string[];
}

export interface CopyRequest {
  /**
   * A data folder with its SQLite database, or a PostgreSQL database: its URL, or `env:VARIABLE` or `file:PATH` where the
   * URL stands. A URL with a password is refused: command lines are for everybody to read.
   */
  from: string;
  to: string;
}

/** A table that was copied and read back. */
export interface TableCopy {
  table: string;
  rows: number;
  /** SHA-256 over all rows, equal in both databases. */
  digest: string;
}

export interface CopyReport {
  /** Both without passwords. */
  from: string;
  to: string;
  rows: number;
  tables: TableCopy[];
}

export interface BackupReport {
  from: string;
  /** Absolute. */
  to: string;
  bytes: number;
}

export interface ForgetReport extends Forgotten {
  /** The database without its password. */
  database: string;
  /** What ended before this was forgotten. ISO 8601. */
  before: string;
}

/** What can be asked about the database itself. */
export interface DatabaseRequests {
  /** Brings the schema of the settings' database to this version, or with `dryRun` only tells what is pending. */
  migrate(options?: { dryRun?: boolean }): Promise<MigrationReport>;
  /**
   * Copies a whole database into an empty one and verifies every row, all of it or nothing. Secrets stay encrypted with the key
   * they have. Faults: `DATABASE_IN_USE`, `DATABASE_NOT_EMPTY`, `COPY_UNVERIFIED`, `DATABASE_UNREACHABLE`, `NOT_FOUND`,
   * `SECRET_IN_ARGV`.
   */
  copy(request: CopyRequest, options?: { onTable?(copied: TableCopy): void }): Promise<CopyReport>;
  /**
   * Writes the SQLite database as it stands now into a new file, while it is in use. Faults: `FILE_UNWRITABLE`, `NOT_FOUND`;
   * `INVALID_ARGUMENT` for a PostgreSQL server, which has tools of its own.
   */
  backUp(request: { to: string }): Promise<BackupReport>;
  /**
   * Forgets for good what ended longer ago than so many days; default: `DROVER_RETENTION_DAYS`. Work may go on meanwhile.
   * Faults: `INVALID_ARGUMENT` when neither says how long, `NOT_FOUND`.
   */
  forget(request: { olderThanDays?: number }): Promise<ForgetReport>;
}
