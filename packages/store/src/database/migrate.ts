import { Fault } from '@drover/model';
import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { COPIED_TABLES } from '../copy/copied-tables.js';
import * as initial from '../migrations/0001-initial.js';
import type { Database } from './database.js';

/** A step of the schema, in order; without `appliedAt` the database has not taken it yet. */
export interface MigrationState {
  name: string;
  /** ISO 8601. */
  appliedAt?: string;
}

/**
 * Brings the database to this version's schema. Safe to call from several processes at once: on PostgreSQL they wait for
 * one another on an advisory lock, on SQLite for the file's write lock. Faults: `DATABASE_NEWER`, `DATABASE_FOREIGN`; then
 * nothing is changed.
 *
 * @returns The names of the steps that this call took, in order; what another process took meanwhile is not among them.
 */
export async function migrate(database: Database): Promise<string[]> {
  const migrations = migrationsFor(database);
  // The migrator asks for the whole catalogue before it looks what is applied; a database in use is nearly always current.
  const applied = (await appliedMigrations(database)).map(({ name }) => name);
  refuseNewer(applied, migrations);
  if (applied.length === 0) await refuseForeign(database);
  if (applied.join() === Object.keys(migrations).join()) return [];
  const migrator = new Migrator({ db: database.kysely, provider: { getMigrations: async () => migrations } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
  return results.map(({ migrationName }) => migrationName);
}

/** What this version's schema consists of, and when the database took each step. Changes nothing. Faults: as `migrate`. */
export async function migrationStates(database: Database): Promise<MigrationState[]> {
  const applied = new Map(
    (await appliedMigrations(database)).map(({ name, timestamp }) => [name, timestamp] as const),
  );
  const migrations = migrationsFor(database);
  refuseNewer([...applied.keys()], migrations);
  if (applied.size === 0) await refuseForeign(database);
  return Object.keys(migrations).map((name) => {
    const appliedAt = applied.get(name);
    return { name, ...(appliedAt === undefined ? {} : { appliedAt }) };
  });
}

function refuseNewer(applied: readonly string[], known: Record<string, Migration>): void {
  const newer = applied.filter((name) => known[name] === undefined);
  if (newer.length === 0) return;
  throw new Fault(
    'DATABASE_NEWER',
    `The database has the step ${newer.at(-1)} of a later version of Drover; run that version, or restore the backup from before the upgrade.`,
  );
}

/** Of a database that has taken no step. Tables of a process that has migrated meanwhile came together with its steps. */
async function refuseForeign(database: Database): Promise<void> {
  const taken = (await database.traits.relationNames(database.kysely)).find((name) =>
    Object.hasOwn(COPIED_TABLES, name),
  );
  if (taken === undefined || (await appliedMigrations(database)).length > 0) return;
  throw new Fault(
    'DATABASE_FOREIGN',
    `The database has a table "${taken}" that is not of Drover; name a database that is empty.`,
  );
}

function migrationsFor({ traits }: Database): Record<string, Migration> {
  return { '0001-initial': { up: (db) => initial.up(db, traits) } };
}

/** In order; none in a database that is new. */
async function appliedMigrations({
  kysely,
}: Database): Promise<readonly { name: string; timestamp: string }[]> {
  try {
    const query = sql<{ name: string; timestamp: string }>`select name, timestamp from kysely_migration`;
    return (await query.execute(kysely)).rows.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  } catch (error) {
    if (isMissingTable(error)) return [];
    throw error;
  }
}

const POSTGRES_UNDEFINED_TABLE = '42P01';

function isMissingTable(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === POSTGRES_UNDEFINED_TABLE || message?.includes('no such table') === true;
}
