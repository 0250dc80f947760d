import { Fault } from '@drover/model';
import type { Database } from '@drover/store';
import { migrate } from '@drover/store';
import type { Parts } from './parts.js';
import type { Releases } from './releases.js';

/** Opens the database of the settings and brings it to this version's schema. Fault: `DATABASE_UNREACHABLE`. */
export async function makeDatabase(parts: Parts, releases: Releases): Promise<Database> {
  const url = parts.surroundings.settings.databaseUrl;
  const database = url === undefined ? await openFile(parts) : await openServer(url);
  releases.add(() => database.close());
  try {
    await migrate(database);
  } catch (error) {
    throw url === undefined ? error : unreachable(url, error);
  }
  return database;
}

async function openFile(parts: Parts): Promise<Database> {
  const { openSqlite } = await import('./sqlite-part.js');
  return openSqlite((await parts.dataFolder()).databaseFile);
}

async function openServer(url: string): Promise<Database> {
  const { openPostgres } = await import('./postgres-part.js');
  return openPostgres(url);
}

/** The URL is told without its user and password. */
function unreachable(url: string, cause: unknown): Fault {
  const { host, pathname } = new URL(url);
  const { code, message } = cause as { code?: string; message?: string };
  return new Fault(
    'DATABASE_UNREACHABLE',
    `The database ${host}${pathname} cannot be used: ${message || code || 'no answer'}.`,
    { cause },
  );
}
