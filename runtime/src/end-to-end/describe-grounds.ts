import { beforeAll, describe, jest } from '@jest/globals';
import { openPostgres } from '@drover/store';
import {
  START_TIMEOUT_MS,
  freshRedisUrl,
  makeMigratedPostgres,
  missingPostgres,
  missingRedis,
  skipLoudly,
  startPostgres,
} from '@drover/testing';
import { type Ground, ONE_PROCESS } from './grounds.js';

/** For each test, on a machine that has much else to do. */
const PATIENCE_MS = 60_000;

const SCALED_OUT: Ground = {
  name: 'PostgreSQL and Redis',
  async prepare() {
    const { url, remove } = await makeMigratedPostgres();
    return {
      environment: { DROVER_DATABASE_URL: url, DROVER_REDIS_URL: await freshRedisUrl() },
      openDatabase: () => openPostgres(url),
      remove,
    };
  },
};

/** Runs a suite over both: what a run, a plan or a plugin does must not depend on what keeps it. */
export function describeGrounds(suite: (ground: Ground) => void): void {
  jest.setTimeout(PATIENCE_MS);
  describe(`on ${ONE_PROCESS.name}`, () => suite(ONE_PROCESS));
  const missing = missingPostgres() ?? missingRedis();
  if (missing !== undefined) {
    skipLoudly(`on ${SCALED_OUT.name}`, missing);
    return;
  }
  describe(`on ${SCALED_OUT.name}`, () => {
    beforeAll(async () => void (await startPostgres()), START_TIMEOUT_MS);
    suite(SCALED_OUT);
  });
}
