import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { LimitTake } from '@drover/engine';
import {
  CuttableWire,
  OwnRedis,
  describeLimitStoreContract,
  freshRedisUrl,
  missingRedis,
  skipLoudly,
} from '@drover/testing';
import { Redis } from 'ioredis';
import { RedisLimitStore } from './redis-limit-store.js';

const TAKE: LimitTake = {
  connectionId: 'con_1',
  rateGroup: 'default',
  windows: [{ grants: 1, inMs: 60_000 }],
  evenIfDown: false,
  probeMs: 1_000,
  wary: false,
};

const opened: RedisLimitStore[] = [];
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

function openStore(url: string, now?: () => number): RedisLimitStore {
  const store = new RedisLimitStore(url, { onError: () => undefined, ...(now === undefined ? {} : { now }) });
  opened.push(store);
  return store;
}

const missing = missingRedis({ own: true });
if (missing === undefined) {
  describeLimitStoreContract('Redis', async (now) => openStore(await freshRedisUrl(), now));
  describe('limits in Redis', describeRedisLimits);
} else {
  skipLoudly('limits in Redis', missing);
}

function describeRedisLimits(): void {
  it('are shared by two clients, go by the clock of Redis, and expire', async () => {
    const url = await freshRedisUrl();
    const [left, right] = [openStore(url), openStore(url)];
    expect(await left.take(TAKE)).toMatchObject({ granted: true });
    const refused = await right.take(TAKE);
    expect(refused).toMatchObject({ granted: false, because: 'limit' });
    expect((refused as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(50_000);
    await left.report({
      connectionId: 'con_1',
      rateGroup: 'default',
      era: 0,
      isProbe: false,
      vendor: 'down',
      closeMs: 5_000,
      circuit: {
        failures: 1,
        overMs: 0,
        forgetAfterMs: 1,
        firstMs: 5_000,
        longestMs: 5_000,
        stretch: 1,
      },
    });
    expect(await right.take({ ...TAKE, rateGroup: 'other' })).toMatchObject({ because: 'down' });
    expect(await right.down()).toMatchObject([{ connectionId: 'con_1' }]);
    const client = new Redis(url);
    const prefix = new URL(url).searchParams.get('prefix')!;
    const keys = await client.keys(`*${prefix}*`);
    expect(keys).toHaveLength(4);
    for (const key of keys) expect(await client.pttl(key)).toBeGreaterThan(0);
    client.disconnect();
  });

  it('are refused at once while Redis is away, and begin another epoch when it is back', async () => {
    const redis = await OwnRedis.start();
    try {
      const store = openStore(redis.url);
      await store.take(TAKE);
      expect(store.epoch).toBe(0);
      await redis.kill();
      await expect(eventually(() => store.take({ ...TAKE, windows: [] }))).rejects.toThrow();
      await expect(store.take(TAKE)).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
      await redis.start();
      while (!(await isGranted(store))) await sleep(20);
      expect(store.epoch).toBe(1);
    } finally {
      await redis.kill();
    }
  }, 20_000);

  it('are there over another connection when one died before Redis said anything over it', async () => {
    const redis = await OwnRedis.start();
    const wire = await CuttableWire.to(redis.url);
    try {
      wire.silence();
      const store = openStore(wire.through(redis.url));
      await store.open();
      expect(await isGranted(store)).toBe(false);
      wire.hearNew();
      while (!(await isGranted(store))) await sleep(20);
    } finally {
      await wire.cut();
      await redis.kill();
    }
  }, 40_000);

  it('are never kept in a Redis that evicts, also when it came to that later', async () => {
    const redis = await OwnRedis.start({ policy: 'allkeys-lru' });
    const admin = new Redis(redis.url);
    try {
      await expect(openStore(redis.url).open()).rejects.toMatchObject({ code: 'REDIS_EVICTS' });
      await redis.kill();
      const store = openStore(redis.url);
      await store.open();
      await redis.start({ policy: 'allkeys-lru' });
      await refusal(store, 'REDIS_EVICTS');
      await admin.config('SET', 'maxmemory-policy', 'noeviction');
      while (!(await isGranted(store))) await sleep(20);
      await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await refusal(store, 'REDIS_EVICTS');
    } finally {
      admin.disconnect();
      await redis.kill();
    }
  }, 40_000);

  it('say what Redis refuses', async () => {
    const redis = await OwnRedis.start();
    const admin = new Redis(redis.url);
    try {
      const rights = ['+@all', '-time'];
      await admin.call('ACL', 'SETUSER', 'drover', 'on', '>s3cret', '~*', ...rights);
      const store = openStore(redis.url.replace('//', '//drover:s3cret@'));
      await expect(store.down()).rejects.toMatchObject({ code: 'REDIS_REFUSES' });
      await expect(store.take(TAKE)).rejects.toMatchObject({ code: 'REDIS_REFUSES' });
    } finally {
      admin.disconnect();
      await redis.kill();
    }
  }, 20_000);
}

/** Asks until it is refused for that. */
async function refusal(store: RedisLimitStore, code: string): Promise<void> {
  for (;;) {
    const thrown = await store.down().catch((error: unknown) => error);
    if ((thrown as { code?: string }).code === code) return;
    await sleep(20);
  }
}

async function isGranted(store: RedisLimitStore): Promise<boolean> {
  const grant = await store.take(TAKE).catch(() => undefined);
  return grant?.granted === true;
}

/** Asks until it fails: that a server has gone is noticed a moment later. */
async function eventually(ask: () => Promise<unknown>): Promise<never> {
  for (;;) await ask();
}
