import { expect, test } from '@jest/globals';
import { describeDatabases } from '@drover/testing/databases/describe-databases';
import { CompiledQuery, type Kysely } from 'kysely';
import type { DialectTraits } from './dialect-traits.js';
import { RoundTrip } from './round-trip.js';
import type { Tables } from './tables.js';

type Counter = { name: string; value: number };

describeDatabases('RoundTrip', (open) => {
  const put = ({ placeholder }: DialectTraits, name: string, value: number) =>
    CompiledQuery.raw(`insert into counters (name, value) values (${placeholder(1)}, ${placeholder(2)})`, [
      name,
      value,
    ]);
  const all = CompiledQuery.raw('select name, value from counters order by name') as CompiledQuery<Counter>;

  async function counters(kysely: Kysely<Tables>): Promise<Counter[]> {
    return kysely.selectFrom('counters').selectAll().orderBy('name').execute();
  }

  test('makes statements in their order and answers each, however often', async () => {
    const { kysely, traits } = await open();
    for (let n = 0; n < 4; n += 1) {
      const trip = new RoundTrip(kysely);
      const before = trip.ask(all);
      trip.ask(put(traits, `n${n}`, n));
      const after = trip.ask(all);
      await trip.make();
      expect([before.rows.length, after.rows.length]).toEqual([n, n + 1]);
      expect(after.rows.at(-1)).toEqual({ name: `n${n}`, value: n });
    }
  });

  test('stops at the first that fails, and leaves the connection as it was', async () => {
    const { kysely, traits } = await open();
    const failing = kysely.transaction().execute(async (trx) => {
      const trip = new RoundTrip(trx);
      trip.ask(put(traits, 'first', 1));
      trip.ask(CompiledQuery.raw('insert into counters (name, value) values (null, 1)'));
      trip.ask(put(traits, 'third', 3));
      await trip.make();
    });
    await expect(failing).rejects.toThrow(/null/i);
    expect(await counters(kysely)).toEqual([]);
    await kysely.transaction().execute(async (trx) => {
      const trip = new RoundTrip(trx);
      trip.ask(put(traits, 'third', 3));
      await trip.make();
    });
    expect(await counters(kysely)).toEqual([{ name: 'third', value: 3 }]);
  });

  test('takes the commit along with the last of a transaction', async () => {
    const { kysely, traits } = await open();
    const seen = await kysely.transaction().execute(async (trx) => {
      const trip = new RoundTrip(trx);
      trip.ask(put(traits, 'one', 1));
      await trip.make();
      trip.ask(put(traits, 'two', 2));
      await trip.makeLast();
      return 'committed';
    });
    expect(seen).toBe('committed');
    expect(await counters(kysely)).toHaveLength(2);
  });

  test('commits nothing with a last trip that fails', async () => {
    const { kysely, traits } = await open();
    const failing = kysely.transaction().execute(async (trx) => {
      const trip = new RoundTrip(trx);
      trip.ask(put(traits, 'one', 1));
      trip.ask(put(traits, 'one', 2));
      await trip.makeLast();
    });
    await expect(failing).rejects.toThrow();
    expect(await counters(kysely)).toEqual([]);
  });

  test('reads behind the commit what is asked for after it', async () => {
    const { kysely, traits } = await open();
    const seen = await kysely.transaction().execute(async (trx) => {
      const trip = new RoundTrip(trx);
      trip.ask(put(traits, 'one', 1));
      trip.askToCommit();
      const read = trip.ask(trx.selectFrom('counters').selectAll().compile());
      await trip.make();
      return read.rows;
    });
    expect(seen).toEqual([{ name: 'one', value: 1 }]);
    expect(await counters(kysely)).toEqual(seen);
  });

  test('undoes nothing when what is behind the commit fails', async () => {
    const { kysely, traits } = await open();
    const failing = kysely.transaction().execute(async (trx) => {
      const trip = new RoundTrip(trx);
      trip.ask(put(traits, 'one', 1));
      trip.askToCommit();
      trip.ask(put(traits, 'one', 2));
      await trip.make();
    });
    // Where it goes over a wire, whoever asked cannot know how far it came.
    await expect(failing).rejects.toMatchObject(
      traits.rowLocks ? { code: 'DATABASE_UNREACHABLE' } : { message: expect.stringMatching(/unique/i) },
    );
    expect(await counters(kysely)).toEqual([{ name: 'one', value: 1 }]);
  });

  test('lets a transaction end that has asked for nothing', async () => {
    const { kysely } = await open();
    await kysely.transaction().execute((trx) => new RoundTrip(trx).make());
    const undone = kysely.transaction().execute(async () => Promise.reject(new Error('Not today.')));
    await expect(undone).rejects.toThrow('Not today.');
    expect(await counters(kysely)).toEqual([]);
  });

  test('undoes what it has made when its transaction fails later', async () => {
    const { kysely, traits } = await open();
    const failing = kysely.transaction().execute(async (trx) => {
      const trip = new RoundTrip(trx);
      trip.ask(put(traits, 'one', 1));
      await trip.make();
      throw new Error('Not today.');
    });
    await expect(failing).rejects.toThrow('Not today.');
    expect(await counters(kysely)).toEqual([]);
  });
});
