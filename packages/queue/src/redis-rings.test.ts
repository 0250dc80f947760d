import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  CuttableWire,
  OwnRedis,
  describeDoorbellContract,
  freshRedisUrl,
  missingRedis,
  skipLoudly,
} from '@drover/testing';
import { isFault } from '@drover/model';
import { Redis } from 'ioredis';
import { BullDoorbell } from './bull-doorbell.js';
import { RedisRings } from './redis-rings.js';

const missing = missingRedis({ own: true });
if (missing === undefined) {
  describeDoorbellContract('the queue in Redis', async () => quiet(await freshRedisUrl()));
  describe('a doorbell in Redis', describeRedisRings);
} else {
  skipLoudly('the queue in Redis', missing);
}

function quiet(url: string): BullDoorbell {
  return new BullDoorbell(new RedisRings(url, { onError: () => undefined }));
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('The condition did not come true within 15 s.');
    await sleep(5);
  }
}

function describeRedisRings(): void {
  const doorbells: BullDoorbell[] = [];
  const servers: OwnRedis[] = [];
  const clients: Redis[] = [];
  const told: string[] = [];

  afterEach(async () => {
    for (const doorbell of doorbells.splice(0)) await doorbell.close();
    for (const client of clients.splice(0)) client.disconnect();
    for (const server of servers.splice(0)) await server.kill();
    told.length = 0;
  });

  function open(url: string): BullDoorbell {
    const onError = (error: Error): void =>
      void told.push(isFault(error) ? `${error.code}: ${error.message}` : error.message);
    const doorbell = new BullDoorbell(new RedisRings(url, { onError }));
    doorbells.push(doorbell);
    return doorbell;
  }

  async function startRedis(options: { policy?: string } = {}): Promise<OwnRedis> {
    const server = await OwnRedis.start(options);
    servers.push(server);
    return server;
  }

  /** Of the default user, to set the server up with. */
  function administer({ url }: OwnRedis): Redis {
    const client = new Redis(url);
    clients.push(client);
    return client;
  }

  async function errorsOf(client: Redis): Promise<number> {
    return Number(/^total_error_replies:(\d+)/m.exec(await client.info('stats'))![1]);
  }

  /** A listener that only counts how often it is asked. */
  async function counting(url: string): Promise<{ looks: number; doorbell: BullDoorbell }> {
    const counted = { looks: 0, doorbell: open(url) };
    const onRing = async (): Promise<boolean> => {
      counted.looks += 1;
      return false;
    };
    await counted.doorbell.listen(onRing, { concurrency: 2 });
    return counted;
  }

  it('is heard by one other process, and leaves nothing behind', async () => {
    const { url } = await startRedis();
    const left = await counting(url);
    const right = await counting(url);
    const ringing = open(url);
    for (let ring = 0; ring < 20; ring += 1) {
      const before = left.looks + right.looks;
      await ringing.ring();
      await until(() => left.looks + right.looks === before + 1);
    }
    await sleep(50);
    expect(left.looks + right.looks).toBe(20);
  });

  it('keeps one ring for whoever listens later, however often it is rung', async () => {
    const { url } = await startRedis();
    const ringing = open(url);
    for (let ring = 0; ring < 10; ring += 1) await ringing.ring();
    const late = await counting(url);
    await until(() => late.looks > 0);
    await sleep(50);
    expect(late.looks).toBe(1);
  });

  it('goes on when Redis was lost and is back empty, and says how it stands', async () => {
    const server = await startRedis();
    const listener = await counting(server.url);
    const ringing = open(server.url);
    await ringing.ring();
    await until(() => listener.looks === 1);
    expect(listener.doorbell.isReachable).toBe(true);

    await server.kill();
    await until(() => !listener.doorbell.isReachable && !ringing.isReachable);
    await listener.doorbell.ring();
    await until(() => listener.looks === 2);
    listener.doorbell.look();
    await until(() => listener.looks === 3);

    await server.start();
    await until(() => listener.doorbell.isReachable && ringing.isReachable);
    await sleep(200);
    const before = listener.looks;
    await ringing.ring();
    await until(() => listener.looks > before);
  }, 30_000);

  it('is heard in its own process while there is no Redis yet, and by others when there is', async () => {
    const server = await startRedis();
    await server.kill();
    const listener = await counting(server.url);
    await listener.doorbell.ring();
    await until(() => listener.looks === 1);
    await server.start();
    await until(() => listener.doorbell.isReachable);
    await open(server.url).ring();
    await until(() => listener.looks === 2);
  }, 20_000);

  it('is heard in its own process while Redis is silent', async () => {
    const server = await startRedis();
    const wire = await CuttableWire.to(server.url);
    const listener = await counting(wire.through(server.url));
    await until(() => listener.doorbell.isReachable);
    wire.silence();
    for (let ring = 1; ring <= 3; ring += 1) {
      await listener.doorbell.ring();
      await until(() => listener.looks === ring);
    }
    await wire.mend();
    await listener.doorbell.close();
    await wire.cut();
  }, 20_000);

  it('closes while Redis is away', async () => {
    const server = await startRedis();
    const listener = await counting(server.url);
    await server.kill();
    await until(() => !listener.doorbell.isReachable);
    await listener.doorbell.close();
    expect(listener.looks).toBe(0);
  });

  it('does not hold up who rings when there is no Redis', async () => {
    const server = await startRedis();
    await server.kill();
    const ringing = open(server.url);
    const rungAt = performance.now();
    await ringing.ring();
    expect(performance.now() - rungAt).toBeLessThan(2_000);
  });

  it('is lost while commands are refused, says so once for each kind, and floods nobody', async () => {
    const server = await startRedis();
    const admin = administer(server);
    const rights = ['-@all', '+@all', '-@dangerous', '+info'];
    await admin.call('ACL', 'SETUSER', 'drover', 'on', '>s3cret', '~{drover}:*', ...rights);
    const listener = await counting(server.url.replace('//', '//drover:s3cret@'));
    expect(listener.doorbell.isReachable).toBe(true);

    await admin.call('ACL', 'SETUSER', 'drover', 'resetkeys', '~{other}:*');
    await until(() => !listener.doorbell.isReachable);
    const before = await errorsOf(admin);
    await sleep(7_000);
    expect((await errorsOf(admin)) - before).toBeLessThan(200);
    expect(listener.doorbell.isReachable).toBe(false);
    expect(told).toEqual([expect.stringMatching(/^REDIS_REFUSES: .* refuses commands: NOPERM .*[^.]\.$/)]);
    await listener.doorbell.ring();
    await until(() => listener.looks === 1);

    await admin.replicaof('127.0.0.1', 1);
    await admin.call('ACL', 'SETUSER', 'drover', 'resetkeys', '~{drover}:*');
    await until(() => told.length > 1);
    expect(told[1]).toMatch(/^REDIS_REFUSES: .*READONLY/);
    await expect(open(server.url).open()).rejects.toMatchObject({ code: 'REDIS_REFUSES' });

    await admin.replicaof('NO', 'ONE');
    await until(() => listener.doorbell.isReachable);
    await open(server.url).ring();
    await until(() => listener.looks > 1);
    expect(told.filter((line) => line.includes('NOPERM'))).toHaveLength(1);
  }, 60_000);

  it('is lost while what it began without evicts, and says so once', async () => {
    const server = await startRedis();
    await server.kill();
    const listener = await counting(server.url);
    await server.start({ policy: 'allkeys-lru' });
    await until(() => told.length > 1);
    await sleep(5_000);
    expect(told).toEqual([
      expect.stringMatching(/^REDIS_UNREACHABLE/),
      expect.stringMatching(/^REDIS_EVICTS/),
    ]);
    expect(listener.doorbell.isReachable).toBe(false);

    const admin = administer(server);
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    await until(() => listener.doorbell.isReachable);
    await open(server.url).ring();
    await until(() => listener.looks > 0);
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await until(() => !listener.doorbell.isReachable);
  }, 60_000);

  it('is lost while Redis is silent, although nobody rings', async () => {
    const server = await startRedis();
    const wire = await CuttableWire.to(server.url);
    const listener = await counting(wire.through(server.url));
    wire.silence();
    const silentAt = performance.now();
    await until(() => !listener.doorbell.isReachable);
    expect(performance.now() - silentAt).toBeLessThan(10_000);
    expect(told).toEqual([expect.stringMatching(/^REDIS_UNREACHABLE: .*no answer within/)]);
    await wire.mend();
    await until(() => listener.doorbell.isReachable);
    await listener.doorbell.close();
    await wire.cut();
  }, 40_000);

  it('refuses at once a Redis that it cannot sign in to', async () => {
    const server = await startRedis();
    const admin = administer(server);
    await admin.config('SET', 'requirepass', 's3cret');
    for (const url of [server.url, server.url.replace('//', '//:wr0ng@')]) {
      const openedAt = performance.now();
      const error = (await open(url)
        .open()
        .catch((thrown: unknown) => thrown)) as Error;
      expect(performance.now() - openedAt).toBeLessThan(2_000);
      expect(error).toMatchObject({ code: 'VARIABLE_INVALID' });
      expect(error.message).toMatch(/(?:NOAUTH|WRONGPASS) .*[^.]\.$/);
      expect(error.message).not.toContain('wr0ng');
    }
  }, 20_000);

  it('says that there is no Redis, and that one evicts', async () => {
    const evicting = await startRedis({ policy: 'allkeys-lru' });
    await expect(open(evicting.url).open()).rejects.toMatchObject({ code: 'REDIS_EVICTS' });
    await expect(open(`${evicting.url}/99`).open()).rejects.toMatchObject({
      code: 'VARIABLE_INVALID',
      message: expect.stringContaining('database 99'),
    });
    await evicting.kill();
    const error = await open(evicting.url.replace('//', '//someone:s3cretpass@'))
      .open()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'REDIS_UNREACHABLE' });
    expect(String((error as Error).message)).toContain(`127.0.0.1:${evicting.port}`);
    expect(String((error as Error).message)).not.toContain('s3cret');
  }, 20_000);
}
