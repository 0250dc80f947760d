import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where tests get a Redis from. */
export type RedisOrigin =
  { kind: 'url'; url: string } | { kind: 'binary'; file: string } | { kind: 'missing'; reasons: string[] };

const INSTALL_TIMEOUT_MS = 240_000;

/**
 * Looks for Redis: `DROVER_TEST_REDIS_URL` (its database is not emptied, each test keeps to a prefix), `redis-server` on PATH,
 * Debian's package where this process may install it.
 */
export function findRedis(): RedisOrigin {
  const url = process.env.DROVER_TEST_REDIS_URL;
  if (url !== undefined && url !== '') return { kind: 'url', url };
  const reasons: string[] = [];
  const file = findBinary() ?? installFromDebian(reasons);
  return file === undefined ? { kind: 'missing', reasons } : { kind: 'binary', file };
}

function findBinary(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'redis-server'))
    .find(isExecutable);
}

function installFromDebian(reasons: string[]): string | undefined {
  reasons.push('no redis-server on PATH');
  if (process.getuid?.() !== 0) {
    reasons.push('not root, so nothing was installed');
    return undefined;
  }
  if (!existsSync('/usr/bin/apt-get')) {
    reasons.push('no apt-get to install it with');
    return undefined;
  }
  process.stderr.write('Installing redis-server with apt-get for the tests that need it.\n');
  const install = ['install', '-y', '--no-install-recommends', 'redis-server'];
  if (!aptGet(install) && !(aptGet(['update']) && aptGet(install))) {
    reasons.push('apt-get install redis-server failed');
    return undefined;
  }
  return findBinary();
}

function aptGet(words: readonly string[]): boolean {
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', ['-qq', ...words], { stdio: 'ignore', timeout: INSTALL_TIMEOUT_MS, env });
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
