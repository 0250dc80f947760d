import { join } from 'node:path';
import { type Database, openSqlite } from '@drover/store';

/** What a command line stands on. */
export interface Ground {
  readonly name: string;
  prepare(dataDir: string): Promise<PreparedGround>;
}

export interface PreparedGround {
  /** What tells a command of it. */
  environment: Record<string, string>;
  /** The database as it is, beside whatever process has it open. */
  openDatabase(): Database;
  remove(): Promise<void>;
}

export const ONE_PROCESS: Ground = {
  name: 'SQLite and one process',
  prepare: async (dataDir) => ({
    environment: {},
    openDatabase: () => openSqlite(join(dataDir, 'drover.db')),
    remove: async () => undefined,
  }),
};
