import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Fault } from '@drover/model';
import fc from 'fast-check';
import type { ResolverContext } from '../context.js';
import type { JsonValue } from '@drover/model';
import type { Resolver } from '../resolvers.js';
import { type AskingHook, Lookups } from './lookups.js';

interface TestHook extends AskingHook {
  stop: AbortController;
}

const everybody = async (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, { key }]));

let loads: string[][];
let now: number;
let lookups: Lookups;
let answer: (keys: readonly string[], context: ResolverContext) => Promise<Record<string, JsonValue>>;

beforeEach(() => {
  loads = [];
  now = 0;
  lookups = new Lookups({ now: () => now });
  answer = everybody;
});

function hookOf({ config = {}, ...resolver }: Partial<Resolver> & { config?: object } = {}): TestHook {
  const stop = new AbortController();
  const context = { config, connection: {}, signal: stop.signal } as unknown as ResolverContext;
  const load: Resolver['load'] = (keys, inside) => {
    loads.push([...keys]);
    return answer(keys, inside);
  };
  return {
    plugin: 'example.look-up',
    definition: { resolvers: { user: { batch: 3, ttlMs: 1_000, load, ...resolver } } },
    context,
    stop,
    get isOver() {
      return stop.signal.aborted;
    },
  };
}

const ask = (hook: AskingHook, ...keys: string[]) => lookups.resolve(hook, { kind: 'user', keys });

describe('look-ups', () => {
  test('asks of one turn share loads of at most a batch, each key once', async () => {
    const [first, second] = [hookOf(), hookOf()];
    const answers = await Promise.all([ask(first, 'a', 'b'), ask(second, 'b', 'c'), ask(first, 'd', 'a')]);
    expect(loads).toEqual([['a', 'b', 'c'], ['d']]);
    expect(answers.map((found) => [...found.keys()])).toEqual([
      ['a', 'b'],
      ['b', 'c'],
      ['d', 'a'],
    ]);
    expect(answers[1]!.get('c')).toEqual({ key: 'c' });
  });

  test('a key that is under way is not asked for again', async () => {
    const gate = Promise.withResolvers<void>();
    answer = async (keys) => (await gate.promise, everybody(keys));
    const hook = hookOf();
    const first = ask(hook, 'a');
    await turn();
    const second = ask(hook, 'a', 'b');
    await turn();
    gate.resolve();
    await Promise.all([first, second]);
    expect(loads).toEqual([['a'], ['b']]);
  });

  test('hits and misses are kept for the time to live', async () => {
    answer = async () => ({ a: 1, b: null });
    expect(await ask(hookOf(), 'a', 'b')).toEqual(
      new Map<string, JsonValue>([
        ['a', 1],
        ['b', null],
      ]),
    );
    now = 999;
    expect((await ask(hookOf(), 'b')).get('b')).toBeNull();
    expect(loads).toHaveLength(1);
    now = 1_000;
    await ask(hookOf(), 'a', 'b');
    expect(loads).toHaveLength(2);
  });

  test('hooks with another config do not share answers', async () => {
    await ask(hookOf({ config: { tenant: 1 } }), 'a');
    await ask(hookOf({ config: { tenant: 2 } }), 'a');
    expect(loads).toEqual([['a'], ['a']]);
  });

  test('a fault goes to the asks of that load alone, and is not kept', async () => {
    answer = async (keys) => {
      if (keys.includes('bad')) throw new Fault('VENDOR_REFUSED', 'No.');
      return everybody(keys);
    };
    const hook = hookOf({ batch: 1 });
    const [good, bad, both] = await Promise.allSettled([
      ask(hook, 'good'),
      ask(hook, 'bad'),
      ask(hook, 'good', 'bad'),
    ]);
    expect(good.status).toBe('fulfilled');
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'VENDOR_REFUSED' } });
    expect(both.status).toBe('rejected');
    answer = everybody;
    expect((await ask(hook, 'bad')).get('bad')).toEqual({ key: 'bad' });
  });

  test('an answer without a key is a mistake of the plugin; so is an unknown kind', async () => {
    answer = async () => ({ a: 1 });
    await expect(ask(hookOf(), 'a', 'b')).rejects.toMatchObject({
      code: 'PLUGIN_CONTRACT',
      message: expect.stringContaining('no answer for b'),
    });
    await expect(lookups.resolve(hookOf(), { kind: 'toString', keys: ['a'] })).rejects.toMatchObject({
      code: 'PLUGIN_CONTRACT',
      message: expect.stringContaining('it has user'),
    });
    await expect(ask(hookOf(), '')).rejects.toMatchObject({ code: 'PLUGIN_CONTRACT' });
    await expect(ask(hookOf({ batch: 0 }), 'a')).rejects.toMatchObject({ code: 'PLUGIN_CONTRACT' });
  });

  test('the load of a hook that is stopped is made again for those who wait', async () => {
    const [leader, other] = [hookOf(), hookOf()];
    answer = (keys, context) =>
      context === leader.context
        ? new Promise((_, reject) => {
            context.signal.addEventListener('abort', () => reject(context.signal.reason as Error));
          })
        : everybody(keys);
    const led = ask(leader, 'a');
    const waited = ask(other, 'a');
    await turn();
    leader.stop.abort(new Fault('CANCELLED', 'Stop.'));
    await expect(led).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await waited).get('a')).toEqual({ key: 'a' });
    expect(loads).toEqual([['a'], ['a']]);
  });

  test('a hook that is stopped gets its fault at once, and the load goes on for the others', async () => {
    const gate = Promise.withResolvers<void>();
    answer = async (keys) => (await gate.promise, everybody(keys));
    const [leader, other] = [hookOf(), hookOf()];
    const led = ask(leader, 'a');
    const waited = ask(other, 'a');
    await turn();
    other.stop.abort(new Fault('CANCELLED', 'Stop.'));
    await expect(waited).rejects.toMatchObject({ code: 'CANCELLED' });
    gate.resolve();
    expect((await led).get('a')).toEqual({ key: 'a' });
  });

  test('a rate limit of one hook is not another’s', async () => {
    const [leader, other] = [hookOf(), hookOf()];
    answer = async (keys, context) => {
      if (context === leader.context) throw new Fault('RATE_LIMITED', 'Wait.', { retryAfterMs: 60_000 });
      return everybody(keys);
    };
    const [led, waited] = await Promise.allSettled([ask(leader, 'a'), ask(other, 'a')]);
    expect(led).toMatchObject({ reason: { code: 'RATE_LIMITED', retryAfterMs: 60_000 } });
    expect(waited.status).toBe('fulfilled');
  });

  test('values are shared and so cannot be changed', async () => {
    const found = await ask(hookOf(), 'a');
    expect(() => ((found.get('a') as { key: string }).key = 'b')).toThrow(TypeError);
  });

  test('what is kept is bounded', async () => {
    lookups = new Lookups({ now: () => now, maxEntries: 2 });
    const hook = hookOf();
    await ask(hook, 'a', 'b');
    await ask(hook, 'a');
    await ask(hook, 'c');
    expect(loads).toHaveLength(2);
    await ask(hook, 'a', 'c');
    expect(loads).toHaveLength(2);
    await ask(hook, 'b');
    expect(loads).toHaveLength(3);
  });

  test('whatever is asked when, every ask gets the vendor’s answer for each of its keys', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'missing');
    const asks = fc.array(
      fc.record({
        keys: fc.array(key, { maxLength: 6 }),
        delay: fc.nat(3),
        takes: fc.nat(3),
        hook: fc.nat(2),
        stopAfter: fc.option(fc.nat(4)),
      }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(asks, fc.integer({ min: 1, max: 4 }), async (plan, batch) => {
        lookups = new Lookups();
        loads = [];
        const takes = plan.map(({ takes: ms }) => ms);
        answer = async (keys, context) => {
          await sleep(takes[loads.length % Math.max(1, takes.length)] ?? 0);
          context.signal.throwIfAborted();
          return Object.fromEntries(keys.map((one) => [one, one === 'missing' ? null : `${one}!`]));
        };
        const hooks = [hookOf({ batch }), hookOf({ batch }), hookOf({ batch })];
        const stopped = new Set(plan.filter((one) => one.stopAfter !== null).map((one) => hooks[one.hook]));
        const ended = await Promise.allSettled(
          plan.map(async ({ keys, delay, hook, stopAfter }) => {
            const asking = hooks[hook]!;
            if (stopAfter !== null)
              setTimeout(() => asking.stop.abort(new Fault('CANCELLED', 'Stop.')), stopAfter);
            await sleep(delay);
            return { keys, found: await ask(asking, ...keys) };
          }),
        );
        for (const [index, one] of ended.entries()) {
          if (one.status === 'rejected') {
            expect(stopped).toContain(hooks[plan[index]!.hook]);
            continue;
          }
          const { keys, found } = one.value;
          expect(Object.fromEntries(found)).toEqual(
            Object.fromEntries(keys.map((each) => [each, each === 'missing' ? null : `${each}!`])),
          );
        }
        for (const load of loads) {
          expect(load.length).toBeLessThanOrEqual(batch);
          expect(new Set(load).size).toBe(load.length);
        }
      }),
      { numRuns: 60 },
    );
  });
});
