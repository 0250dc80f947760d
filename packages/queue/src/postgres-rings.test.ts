import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Fault } from '@drover/model';
import {
  CuttableWire,
  describeDoorbellContract,
  makeEmptyPostgres,
  missingPostgres,
  skipLoudly,
} from '@drover/testing';
import { Client } from 'pg';
import { BullDoorbell } from './bull-doorbell.js';
import { PostgresRings } from './postgres-rings.js';

const missing = missingPostgres();
if (missing === undefined) describe('a doorbell in PostgreSQL', describePostgresRings);
else skipLoudly('the queue in PostgreSQL', missing);

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('The condition did not come true within 15 s.');
    await sleep(5);
  }
}

function describePostgresRings(): void {
  const unwind: (() => Promise<unknown>)[] = [];
  const told: string[] = [];

  afterEach(async () => {
    for (const undo of unwind.splice(0).reverse()) await undo();
    told.length = 0;
  });

  describeDoorbellContract('the queue in PostgreSQL', async () => open(await makeDatabase()));

  async function makeDatabase(): Promise<string> {
    const database = await makeEmptyPostgres();
    unwind.push(database.remove);
    return database.url;
  }

  function open(url: string): BullDoorbell {
    const doorbell = new BullDoorbell(new PostgresRings(url, { onError: tell }));
    unwind.push(() => doorbell.close());
    return doorbell;
  }

  function tell(error: Fault | Error): void {
    told.push((error as Partial<Fault>).code ?? error.message);
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

  async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  it('is heard by one other process, folds what is rung before, and leaves no job behind', async () => {
    const url = await makeDatabase();
    const ringing = open(url);
    for (let ring = 0; ring < 10; ring += 1) await ringing.ring();
    const [left, right] = await Promise.all([counting(url), counting(url)]);
    await until(() => left.looks + right.looks === 1);
    for (let ring = 0; ring < 10; ring += 1) {
      const before = left.looks + right.looks;
      await ringing.ring();
      await until(() => left.looks + right.looks === before + 1);
    }
    await sleep(50);
    expect(left.looks + right.looks).toBe(11);
    expect(await ask(url, 'select * from bullmq.job')).toEqual([]);
    expect(await ask(url, "select tablename from pg_tables where schemaname = 'public'")).toEqual([]);
  });

  it('opens at several processes at once over a database that has no queue yet', async () => {
    const url = await makeDatabase();
    const doorbells = Array.from({ length: 4 }, () => open(url));
    await Promise.all(doorbells.map((doorbell) => doorbell.open()));
    expect(doorbells.map(({ isReachable }) => isReachable)).toEqual([true, true, true, true]);
  });

  it('goes on when PostgreSQL was lost and is back, and says how it stands', async () => {
    const url = await makeDatabase();
    const wire = await CuttableWire.to(url);
    unwind.push(() => wire.cut());
    const listener = await counting(wire.through(url));
    const ringing = open(wire.through(url));
    await ringing.ring();
    await until(() => listener.looks === 1);
    expect(listener.doorbell.isReachable).toBe(true);

    await wire.cut();
    await until(() => !listener.doorbell.isReachable && !ringing.isReachable);
    const rungAt = performance.now();
    await listener.doorbell.ring();
    expect(performance.now() - rungAt).toBeLessThan(2_000);
    await until(() => listener.looks === 2);
    listener.doorbell.look();
    await until(() => listener.looks === 3);
    expect(told).toEqual(['DATABASE_UNREACHABLE', 'DATABASE_UNREACHABLE']);

    await wire.mend();
    await until(() => listener.doorbell.isReachable && ringing.isReachable);
    const before = listener.looks;
    await ringing.ring();
    await until(() => listener.looks > before);
  }, 30_000);

  it('goes on when the server ended its sessions, as a restart does', async () => {
    const url = await makeDatabase();
    const listener = await counting(url);
    const others = 'from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
    await ask(url, `select pg_terminate_backend(pid) ${others}`);
    await until(() => told.length > 0);
    await until(() => listener.doorbell.isReachable);
    await open(url).ring();
    await until(() => listener.looks > 0);
    expect(new Set(told)).toEqual(new Set(['DATABASE_UNREACHABLE']));
  }, 30_000);

  it('says once that the server ended its sessions, also when BullMQ says so after it is back', async () => {
    const rings = new PostgresRings(await makeDatabase(), { onError: tell });
    unwind.push(() => rings.close());
    const queue = await rings.openQueue();
    unwind.push(() => queue.close());
    rings.complain(Object.assign(new Error('terminating connection'), { code: '57P01' }));
    expect(told).toEqual([]);
    rings.complain(Object.assign(new Error('no such function'), { code: '42883' }));
    expect(told).toEqual(['42883']);
  });

  it('knows the error of a query that met the loss, whatever it says', async () => {
    const url = await makeDatabase();
    const wire = await CuttableWire.to(url);
    unwind.push(() => wire.cut());
    const rings = new PostgresRings(wire.through(url), { onError: tell });
    unwind.push(() => rings.close());
    const queue = await rings.openQueue();
    unwind.push(() => queue.close());
    await wire.cut();
    const met = await queue.add('ring', null, {}).then(
      () => undefined,
      (error: Error) => error,
    );
    await wire.mend();
    await until(() => rings.isConnected);
    expect(told).toEqual(['DATABASE_UNREACHABLE']);
    rings.complain(met!);
    expect(told).toEqual(['DATABASE_UNREACHABLE']);
    rings.complain(new Error(met!.message));
    expect(told).toEqual(['DATABASE_UNREACHABLE', met!.message]);
  }, 30_000);

  it('closes while PostgreSQL is away', async () => {
    const url = await makeDatabase();
    const wire = await CuttableWire.to(url);
    const listener = await counting(wire.through(url));
    await wire.cut();
    await until(() => !listener.doorbell.isReachable);
    await listener.doorbell.close();
    expect(listener.looks).toBe(0);
  });

  it('refuses to start where there is no PostgreSQL, and repeats no password', async () => {
    const url = await makeDatabase();
    const wire = await CuttableWire.to(url);
    const away = wire.through(url);
    await wire.cut();
    const error = (await open(away)
      .open()
      .catch((thrown: unknown) => thrown)) as Fault;
    expect(error.code).toBe('DATABASE_UNREACHABLE');
    expect(error.message).toContain(new URL(away).host);
    expect(error.message).not.toContain(new URL(away).password);
  });
}
