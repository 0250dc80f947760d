import { join } from 'node:path';
import { folderWithPrograms } from './folder-with-programs.js';
import { installDebianPackage } from './install-debian-package.js';

/** Where tests get a Redis from. */
export type RedisOrigin =
  { kind: 'url'; url: string } | { kind: 'binary'; file: string } | { kind: 'missing'; reasons: string[] };

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
  const folder = folderWithPrograms(['redis-server']);
  return folder === undefined ? undefined : join(folder, 'redis-server');
}

function installFromDebian(reasons: string[]): string | undefined {
  reasons.push('no redis-server on PATH');
  return installDebianPackage('redis-server', reasons) ? findBinary() : undefined;
}
