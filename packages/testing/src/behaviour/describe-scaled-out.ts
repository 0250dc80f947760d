import { BullDoorbell, RedisRings } from '@drover/queue';
import type { Database } from '@drover/store';
import { describePostgres, skipLoudly } from '../databases/describe-databases.js';
import { freshRedisUrl, missingRedis } from '../databases/redis-servers.js';
import { setGround } from './engine-world.js';

/**
 * Runs a behaviour suite over PostgreSQL and Redis, with engines that execute side by side. Where either server is missing
 * it is skipped and says so; with `CI=true` it fails.
 */
export function describeScaledOut(name: string, suite: (open: () => Promise<Database>) => void): void {
  const place = 'on PostgreSQL and Redis';
  const missing = missingRedis();
  if (missing !== undefined) {
    skipLoudly(`${name} ${place}`, missing);
    return;
  }
  describePostgres(name, place, (open) => suite(() => onRedis(open)));
}

async function onRedis(open: () => Promise<Database>): Promise<Database> {
  const database = await open();
  const url = await freshRedisUrl();
  setGround(database, {
    doorbell: () => new BullDoorbell(new RedisRings(url, { onError: () => undefined })),
    shared: true,
  });
  return database;
}
