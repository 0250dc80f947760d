import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { folderWithPrograms, pathFolders } from './folder-with-programs.js';
import { installDebianPackage } from './install-debian-package.js';

/** Where tests get a PostgreSQL server from. */
export type PostgresOrigin =
  | { kind: 'url'; url: string }
  | PostgresBinaries
  | { kind: 'docker' }
  | { kind: 'missing'; reasons: string[] };

export interface PostgresBinaries {
  kind: 'binaries';
  /** Has `initdb` and `postgres`, and what comes with them: what lies on PATH may be a link to these two. */
  folder: string;
  /** Whom they run as when this process is root, which they refuse to be. */
  account?: { uid: number; gid: number };
}

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
  if (folder !== undefined) return { kind: 'binaries', folder, account: findAccount() };
  if (answers('docker', ['version', '--format', '{{.Server.Version}}'])) return { kind: 'docker' };
  reasons.push('no Docker engine answers');
  return { kind: 'missing', reasons };
}

function findBinaries(): string | undefined {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const ofDebian = versions
    .sort((left, right) => Number(right) - Number(left))
    .map((version) => join(DEBIAN_FOLDER, version, 'bin'));
  const folder = folderWithPrograms(['initdb', 'postgres'], [...pathFolders(), ...ofDebian]);
  return folder === undefined ? undefined : dirname(realpathSync(join(folder, 'initdb')));
}

/** The account `postgres`, or else `nobody`. */
function findAccount(): PostgresBinaries['account'] {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error('This process is root and there is no account postgres or nobody to run PostgreSQL as.');
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
