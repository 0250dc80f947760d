import { type Migration, Migrator } from 'kysely/migration';
import * as initial from '../migrations/0001-initial.js';
import type { Database } from './database.js';

/** Brings the database to this version's schema. Safe to call from several processes at once. */
export async function migrate(database: Database): Promise<void> {
  const migrations: Record<string, Migration> = {
    '0001-initial': { up: (db) => initial.up(db, database.traits) },
  };
  const migrator = new Migrator({ db: database.kysely, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}
