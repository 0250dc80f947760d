import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type OwnRedis,
  missingRedis,
  skipLoudly,
  startClusterRedis,
  startRestrictedRedis,
  startSentinels,
  startTlsRedis,
} from '@drover/testing';
import { BullDoorbell } from './bull-doorbell.js';
import { RedisLimitStore } from './redis-limit-store.js';
import { RedisRings } from './redis-rings.js';

const CIRCUIT = { overMs: 0, forgetAfterMs: 1, firstMs: 5_000, longestMs: 5_000, stretch: 1 };

const missing = missingRedis({ own: true });
if (missing === undefined) describe('rings and limits in Redis', describeKinds);
else skipLoudly('the kinds of Redis', missing);

function describeKinds(): void {
  const doorbells: BullDoorbell[] = [];
  const servers: OwnRedis[] = [];

  afterEach(async () => {
    for (const doorbell of doorbells.splice(0)) await doorbell.close();
    for (const server of servers.splice(0)) await server.kill();
  });

  function open(url: string, told: string[] = []): BullDoorbell {
    const doorbell = new BullDoorbell(new RedisRings(url, { onError: ({ message }) => told.push(message) }));
    doorbells.push(doorbell);
    return doorbell;
  }

  /** One listens and one rings, now and for later. */
  async function expectHeard(url: string): Promise<{ listener: BullDoorbell; ring(): Promise<void> }> {
    let looks = 0;
    const told: string[] = [];
    const listener = open(url, told);
    const onRing = async (): Promise<boolean> => {
      looks += 1;
      return false;
    };
    await listener.listen(onRing, { concurrency: 2 });
    const ringing = open(url, told);
    async function ring(options: { delayMs?: number } = {}): Promise<void> {
      const before = looks;
      await ringing.ring(options);
      await until(() => looks > before, 'a ring to be heard');
    }
    await ring();
    await ring();
    await ring({ delayMs: 50 });
    expect(told).toEqual([]);
    return { listener, ring };
  }

  /** A budget of one call is used up, its circuit opens and closes: all that is ever asked of Redis for limits. */
  async function expectLimits(url: string): Promise<void> {
    const store = new RedisLimitStore(url, { onError: () => undefined });
    try {
      const budget = { connectionId: 'con_1', rateGroup: 'default' };
      const asked = { ...budget, windows: [{ grants: 1, inMs: 60_000 }], evenIfDown: false, probeMs: 1_000 };
      expect(await store.take({ ...asked, wary: true })).toMatchObject({ because: 'limit' });
      const other = { ...asked, rateGroup: 'other', wary: false };
      expect(await store.take(other)).toMatchObject({ granted: true });
      expect(await store.take(other)).toMatchObject({ because: 'limit' });
      const news = { ...budget, isProbe: false, circuit: { ...CIRCUIT, failures: 1 } };
      const backOff = { firstMs: 100, longestMs: 100, stretch: 1 };
      await store.report({ ...news, era: 0, vendor: 'down', closeMs: 50, backOff });
      expect(await store.down()).toMatchObject([{ connectionId: 'con_1' }]);
      expect(await store.report({ ...news, era: 1, vendor: 'up' })).toEqual({ isBack: true });
      expect(await store.down()).toEqual([]);
    } finally {
      store.close();
    }
  }

  it('go through TLS, to a server that an authority vouches for and to no other', async () => {
    const { server, url, authority } = await startTlsRedis();
    servers.push(server);
    await expect(open(url).open()).rejects.toMatchObject({
      code: 'REDIS_UNREACHABLE',
      message: expect.stringContaining('certificate'),
    });
    const trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, authority]);
    try {
      await expectHeard(url);
      await expectLimits(url);
    } finally {
      setDefaultCACertificates(trusted);
    }
  }, 20_000);

  it('need no more rights than the page on operating says', async () => {
    const page = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
    const [, rights] = /^ACL SETUSER drover on >PASSWORD (.+)$/m.exec(page)!;
    const { server, url } = await startRestrictedRedis(rights!);
    servers.push(server);
    await expectHeard(url);
    await expectLimits(url);
    const error = (await open(url.replace('s3cret', 'wrong'))
      .open()
      .catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: 'VARIABLE_INVALID', message: expect.stringContaining('WRONGPASS') });
    expect(error.message).not.toContain('pass@');
  }, 20_000);

  it('go through a cluster', async () => {
    const { server, url } = await startClusterRedis();
    servers.push(server);
    await expectHeard(url);
    await expectLimits(url);
  }, 20_000);

  it('go on when sentinels made the replica the master', async () => {
    const { master, servers: all, url } = await startSentinels();
    servers.push(...all);
    const { listener, ring } = await expectHeard(url);
    await master.kill();
    await until(() => !listener.isReachable, 'the master to be missed');
    await until(() => listener.isReachable, 'the new master');
    await sleep(100);
    await ring();
    await expectLimits(url);
  }, 30_000);
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
    await sleep(5);
  }
}
