import { EXECUTOR_LEASE } from '@drover/engine';
import { Fault } from '@drover/model';
import { type Kysely, type Transaction, sql } from 'kysely';
import type { Database } from '../database/database.js';
import { insertRows } from '../database/insert-rows.js';
import type { Tables } from '../database/tables.js';
import { COPIED_TABLES } from './copied-tables.js';
import { TableDigest, pagesOf } from './table-pages.js';

type Trx = Transaction<Tables>;

/** A table that was copied and read back. */
export interface CopiedTableReport {
  table: string;
  rows: number;
  /** SHA-256 over all rows in the order of the primary key, the same in both databases. */
  digest: string;
}

export interface CopyOptions {
  /** Whether the process that a lease describes is known to be dead. Unknown counts as alive. */
  isDead(self: Record<string, unknown>): boolean;
  now: Date;
  /** Told of each table when it is copied and verified. */
  onTable?(report: CopiedTableReport): void;
}

const TABLES = Object.keys(COPIED_TABLES) as (keyof Tables)[];

/**
 * Copies everything of a database into an empty one, both at this version's schema, and reads it back. The target is
 * filled in one transaction, which also verifies: whatever ends the copy before its end leaves the target empty. Nobody
 * writes to either of them meanwhile. Memory holds a page of rows.
 *
 * Faults: `DATABASE_IN_USE` (somebody executes on the source, or writes for long), `DATABASE_NOT_EMPTY`,
 * `COPY_UNVERIFIED`.
 */
export async function copyDatabase(
  source: Database,
  target: Database,
  options: CopyOptions,
): Promise<CopiedTableReport[]> {
  try {
    // Before the lock as well: who executes takes its tables in an order of its own, and each would wait for the other.
    await refuseExecuting(source.kysely, options);
    return await source.kysely
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (from) => {
        await source.traits.lockTables(from, TABLES);
        await refuseExecuting(from, options);
        return target.kysely.transaction().execute((to) => fill({ source, from, target, to }, options));
      });
  } catch (error) {
    throw isLocked(error)
      ? new Fault(
          'DATABASE_IN_USE',
          'Another process holds one of the two databases; end it and copy again.',
          {
            cause: error,
          },
        )
      : error;
  }
}

interface Ends {
  source: Database;
  from: Trx;
  target: Database;
  to: Trx;
}

async function fill(ends: Ends, { now, onTable }: CopyOptions): Promise<CopiedTableReport[]> {
  const { source, from, target, to } = ends;
  await target.traits.lockTables(to, TABLES);
  await to.deleteFrom('leases').where('until', '<', now.getTime()).execute();
  await refuseFilled(to);
  const reports: CopiedTableReport[] = [];
  for (const table of TABLES) {
    const report = { table, ...(await copyTable(ends, table)) };
    if (COPIED_TABLES[table].isCounted === true) {
      const last = await source.traits.lastSequence(from, table);
      if (last > 0) await target.traits.setSequence(to, table, last);
    }
    reports.push(report);
    onTable?.(report);
  }
  return reports;
}

/** Copies a table and reads it back. */
async function copyTable(
  { from, target, to }: Ends,
  table: keyof Tables,
): Promise<{ rows: number; digest: string }> {
  const read = new TableDigest();
  for await (const rows of pagesOf(from, table)) {
    read.add(rows);
    const columns = Object.keys(rows[0]!);
    const cells = rows.map((row) => columns.map((name) => row[name]!));
    await insertRows(to, target.traits, { table, columns, rows: cells });
  }
  const written = new TableDigest();
  for await (const rows of pagesOf(to, table)) written.add(rows);
  const expected = read.end();
  const found = written.end();
  if (expected.rows === found.rows && expected.digest === found.digest) return expected;
  throw new Fault(
    'COPY_UNVERIFIED',
    `The table ${table} was read back as ${found.rows} rows with the digest ${found.digest.slice(0, 16)}…, but the source has ${expected.rows} with ${expected.digest.slice(0, 16)}…; the target was left empty.`,
  );
}

/** Runs hold leases without a time of their own, which say nothing of a process. */
async function refuseExecuting(from: Kysely<Tables>, { isDead, now }: CopyOptions): Promise<void> {
  const leases = await from
    .selectFrom('leases')
    .selectAll()
    .where('until', '>=', now.getTime())
    .where('until', '<', Number.MAX_SAFE_INTEGER)
    .execute();
  const live = leases.find(({ data }) => !isDead(JSON.parse(data) as Record<string, unknown>));
  if (live === undefined) return;
  const does = live.name === EXECUTOR_LEASE ? 'executes runs' : `holds the lease "${live.name}"`;
  throw new Fault(
    'DATABASE_IN_USE',
    `${live.owner} ${does} on the source; stop it first, or what it does meanwhile would be done twice.`,
  );
}

async function refuseFilled(to: Kysely<Tables>): Promise<void> {
  for (const table of TABLES) {
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(to);
    if (rows.length === 0) continue;
    throw new Fault(
      'DATABASE_NOT_EMPTY',
      `The target has rows in the table ${table}; name a database or a folder that is new.`,
    );
  }
}

const POSTGRES_LOCKED = new Set<string | undefined>(['55P03', '40P01']);
const SQLITE_BUSY = 5;

function isLocked(error: unknown): boolean {
  const { code, errcode } = error as { code?: string; errcode?: number };
  return POSTGRES_LOCKED.has(code) || errcode === SQLITE_BUSY;
}
