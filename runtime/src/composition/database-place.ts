import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Fault, isFault } from '@drover/model';
import { type Database, readSecretFile } from '@drover/store';
import { isUrl } from '../environment/is-url.js';
import type { Surroundings } from './parts.js';
import { databaseFileOf, openDatabaseFile } from './data-folder.js';

/** Where a database is: a SQLite file in a data folder, or a PostgreSQL server. */
export type DatabasePlace = { dataDir: string } | { url: string };

const URL_START = /^postgres(ql)?:\/\//;
const MAX_REFERENCE_BYTES = 8 * 1024;

/** The database of the settings. */
export function placeOfSettings({ settings }: Surroundings): DatabasePlace {
  return settings.databaseUrl === undefined ? { dataDir: settings.dataDir } : { url: settings.databaseUrl };
}

/**
 * What a person names: a data folder, a URL without a password, or `env:VARIABLE` or `file:PATH` that hold a URL. Faults:
 * `SECRET_IN_ARGV`, `INVALID_ARGUMENT`, `FILE_UNREADABLE`.
 */
export async function placeOfArgument(
  argument: string,
  { path, environment }: { path: string; environment: Surroundings['environment'] },
): Promise<DatabasePlace> {
  if (URL_START.test(argument)) {
    const url = checkedUrl(argument, path);
    if (new URL(url).password === '') return { url };
    throw new Fault(
      'SECRET_IN_ARGV',
      'The URL holds a password, which every user of this machine can read; name it as env:VARIABLE or file:PATH.',
      { path },
    );
  }
  const [, kind, name] = /^(env|file):(.+)$/.exec(argument) ?? [];
  if (isUrl(name ?? argument)) throw notPostgres(path);
  if (name === undefined) return { dataDir: resolve(argument) };
  const text = kind === 'env' ? environment[name] : await readReference(name, path);
  if (text === undefined) {
    throw new Fault('INVALID_ARGUMENT', `The variable ${name} is not set; set it to a database URL.`, {
      path,
    });
  }
  return { url: checkedUrl(text.trim(), path) };
}

function checkedUrl(text: string, path: string): string {
  if (URL_START.test(text) && URL.canParse(text)) return text;
  throw notPostgres(path);
}

/** Without the text, which may hold a password. */
function notPostgres(path: string): Fault {
  const message = 'This is no URL that starts with postgres:// or postgresql://.';
  return new Fault('INVALID_ARGUMENT', message, { path });
}

async function readReference(file: string, path: string): Promise<string> {
  try {
    return await readSecretFile(file, { maxBytes: MAX_REFERENCE_BYTES });
  } catch (cause) {
    throw new Fault('FILE_UNREADABLE', `The file ${file} cannot be read: ${(cause as Error).message}.`, {
      path,
      cause,
    });
  }
}

/** How people are told of a place: without user and password. */
export function nameOfPlace(place: DatabasePlace): string {
  if ('dataDir' in place) return databaseFileOf(place.dataDir);
  const { host, pathname } = new URL(place.url);
  return `${host}${pathname}`;
}

/** Fault `NOT_FOUND` when a folder holds no database; opening it would make one. */
export async function requireDatabase(place: DatabasePlace): Promise<void> {
  if (!('dataDir' in place)) return;
  const found = await stat(databaseFileOf(place.dataDir)).catch(() => undefined);
  if (found?.isFile() === true && found.size > 0) return;
  throw new Fault('NOT_FOUND', `There is no database in the data folder ${place.dataDir}.`);
}

/** Opens a database as it is, whatever its schema; makes a data folder where there is none. */
export async function openPlace(place: DatabasePlace): Promise<Database> {
  if ('url' in place) {
    const { openPostgres } = await import('./postgres-part.js');
    return openPostgres(place.url);
  }
  const { openSqlite } = await import('./sqlite-part.js');
  const databaseFile = await openDatabaseFile(place.dataDir);
  return reaching(place, async () => openSqlite(databaseFile));
}

/** What tells an open database from all others, by whatever name it was opened. */
export async function identityOf(place: DatabasePlace, database: Database): Promise<string> {
  if ('dataDir' in place) return realpath(databaseFileOf(place.dataDir));
  const { postgresIdentity } = await import('./postgres-part.js');
  return postgresIdentity(database);
}

/** SQLite's words for a file that is none of its own, or was one: SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED: readonly unknown[] = [11, 26];

/**
 * Runs what talks to a database. Faults: on a server, what goes wrong with reaching it is `DATABASE_UNREACHABLE`; a damaged file
 * is `DATA_DIR_UNUSABLE`.
 */
export async function reaching<Result>(place: DatabasePlace, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (isFault(cause)) throw cause;
    const { code, errcode, message } = cause as { code?: string; errcode?: number; message?: string };
    if ('dataDir' in place) {
      if (!DAMAGED.includes(errcode)) throw cause;
      throw new Fault(
        'DATA_DIR_UNUSABLE',
        `The database ${nameOfPlace(place)} is damaged (${message}); put a backup in its place, without the files that end in -wal and -shm.`,
        { cause },
      );
    }
    throw new Fault(
      'DATABASE_UNREACHABLE',
      `The database ${nameOfPlace(place)} cannot be used: ${message || code || 'no answer'}.`,
      { cause },
    );
  }
}
