import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Database, migrate, openPostgres } from '@drover/store';
import { type RawBuilder, sql } from 'kysely';
import { type PostgresOrigin, findPostgres } from './find-postgres.js';
import { oncePerRun, oncePerRunNow, runDirectory } from './run-directory.js';

/** Starting a server, or pulling its image, may take this long. */
export const START_TIMEOUT_MS = 300_000;
const POLL_MS = 50;
const SUPERVISOR = fileURLToPath(new URL('./postgres-supervisor.ts', import.meta.url));

/** Looks for PostgreSQL once in a test run. */
export function postgresOrigin(): PostgresOrigin {
  return oncePerRunNow('postgres-origin', findPostgres);
}

/**
 * Has the test run's server started, and a database with the schema made that others are copied from. A server given by
 * URL gets no such database: it outlives the test run.
 */
export async function startPostgres(): Promise<{ url: string; template?: string }> {
  const url = await oncePerRun('postgres-url', startServer);
  if (postgresOrigin().kind === 'url') return { url };
  return { url, template: await oncePerRun('postgres-template', () => makeTemplate(url)) };
}

export interface EmptyDatabase {
  url: string;
  /** Drops it. */
  remove(): Promise<void>;
}

/** A new PostgreSQL database with this version's schema. */
export async function makeMigratedPostgres(): Promise<EmptyDatabase> {
  const { url, template } = await startPostgres();
  if (template !== undefined) return create(url, sql`template ${sql.ref(template)}`);
  const made = await create(url);
  const database = openPostgres(made.url);
  await migrate(database);
  await database.close();
  return made;
}

/** A new PostgreSQL database without any table. */
export async function makeEmptyPostgres(): Promise<EmptyDatabase> {
  const { url } = await startPostgres();
  return create(url);
}

async function create(url: string, options: RawBuilder<unknown> = sql``): Promise<EmptyDatabase> {
  const name = databaseName();
  await administer(url, (admin) => sql`create database ${sql.ref(name)} ${options}`.execute(admin.kysely));
  return { url: withDatabase(url, name), remove: () => drop(url, name) };
}

async function startServer(): Promise<string> {
  const origin = postgresOrigin();
  if (origin.kind === 'url') return origin.url;
  const directory = runDirectory();
  const stateFile = join(directory, 'postgres-server.json');
  const watch = Number(process.env.TEST_RUN_PID ?? process.pid);
  const log = openSync(join(directory, 'postgres-supervisor.log'), 'w');
  const supervisor = spawn(
    process.execPath,
    [SUPERVISOR, JSON.stringify({ origin, directory, stateFile, watch })],
    { detached: true, stdio: ['ignore', log, log] },
  );
  supervisor.unref();
  while (!existsSync(stateFile)) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  const state = JSON.parse(readFileSync(stateFile, 'utf8')) as { url: string } | { error: string };
  if ('error' in state) throw new Error(state.error);
  return state.url;
}

/** Copying a database that has the schema is several times faster than migrating an empty one. */
async function makeTemplate(url: string): Promise<string> {
  const template = databaseName();
  await administer(url, (admin) => sql`create database ${sql.ref(template)}`.execute(admin.kysely));
  const database = openPostgres(withDatabase(url, template));
  await migrate(database);
  await database.close();
  return template;
}

async function administer(url: string, work: (admin: Database) => Promise<unknown>): Promise<void> {
  const admin = openPostgres(url);
  try {
    await work(admin);
  } finally {
    await admin.close();
  }
}

function drop(url: string, name: string): Promise<void> {
  return administer(url, (admin) =>
    sql`drop database if exists ${sql.ref(name)} with (force)`.execute(admin.kysely),
  );
}

function databaseName(): string {
  return `drover_test_${randomBytes(8).toString('hex')}`;
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
