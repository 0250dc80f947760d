import type { Governor, LimitStore } from '@drover/engine';
import { asFault, toFaultRecord } from '@drover/model';
import { LimitChain, LocalLimitStore, OpenBudgets, VendorGovernor } from '@drover/plugin-host';
import type { Parts } from './parts.js';
import type { Releases } from './releases.js';

/** The governor over the store of limits, whose findings on vendors are logged and counted. */
export async function makeGovernor(parts: Parts): Promise<Governor> {
  const log = await parts.log();
  const { httpPort } = parts.surroundings.settings;
  const meters = httpPort === undefined ? undefined : await parts.meters();
  return new VendorGovernor({
    store: await parts.limits(),
    onCircuit: ({ connectionId, downMs }) => {
      if (downMs === undefined) log.info({ connectionId }, 'the vendor is back');
      else log.warn({ connectionId, downMs }, 'the vendor seems down: calls wait');
      meters?.circuitChanged(downMs !== undefined);
    },
  });
}

/**
 * Where budgets are kept: in the process that alone executes on a data folder; else in Redis, or in PostgreSQL where there is
 * no Redis or it is away. While PostgreSQL too is away, each process keeps its own.
 */
export async function makeLimits(parts: Parts, releases: Releases): Promise<LimitStore> {
  const { databaseUrl, redisUrl } = parts.surroundings.settings;
  const own = new LocalLimitStore();
  if (databaseUrl === undefined) return own;
  const log = await parts.log();
  const onError = (thrown: unknown): void =>
    log.warn({ fault: toFaultRecord(asFault(thrown)) }, 'rate limits are kept elsewhere for now');
  const { PostgresLimitStore } = await import('./limits-part.js');
  const postgres = new PostgresLimitStore(await parts.database());
  if (redisUrl === undefined) return new OpenBudgets(new LimitChain([postgres, own], { onError }));
  const { RedisLimitStore } = await import('@drover/queue');
  const redis = new RedisLimitStore(redisUrl, { onError: () => undefined });
  releases.add('rate limits in Redis', async () => redis.close());
  await redis.open();
  return new OpenBudgets(new LimitChain([redis, postgres, own], { onError }));
}
