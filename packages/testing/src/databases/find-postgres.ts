import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installDebianPackage } from './install-debian-package.js';

/** Where tests get a PostgreSQL server from. */
export type PostgresOrigin =
  | { kind: 'url'; url: string }
  /** A folder with `initdb` and `postgres`. */
  | { kind: 'binaries'; folder: string }
  | { kind: 'docker' }
  | { kind: 'missing'; reasons: string[] };

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const DOCKER_TIMEOUT_MS = 10_000;

/**
 * Looks for PostgreSQL: `DROVER_TEST_POSTGRES_URL` (a user that may create databases), binaries on PATH or in Debian's
 * folder, Debian's packages where this process may install them, a Docker engine.
 */
export function findPostgres(): PostgresOrigin {
  const url = process.env.DROVER_TEST_POSTGRES_URL;
  if (url !== undefined && url !== '') return { kind: 'url', url };
  const reasons: string[] = [];
  const folder = findBinaries() ?? installFromDebian(reasons);
  if (folder !== undefined) return { kind: 'binaries', folder };
  if (answers('docker', ['version', '--format', '{{.Server.Version}}'])) return { kind: 'docker' };
  reasons.push('no Docker engine answers');
  return { kind: 'missing', reasons };
}

function findBinaries(): string | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter);
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const ofDebian = versions
    .sort((left, right) => Number(right) - Number(left))
    .map((version) => join(DEBIAN_FOLDER, version, 'bin'));
  return [...onPath, ...ofDebian].find(
    (folder) => isExecutable(join(folder, 'initdb')) && isExecutable(join(folder, 'postgres')),
  );
}

function installFromDebian(reasons: string[]): string | undefined {
  reasons.push(`no initdb and postgres on PATH or under ${DEBIAN_FOLDER}`);
  return installDebianPackage('postgresql', reasons) ? findBinaries() : undefined;
}

function answers(command: string, words: readonly string[]): boolean {
  try {
    execFileSync(command, words, { stdio: 'ignore', timeout: DOCKER_TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
