import { afterEach, describe, expect, it } from '@jest/globals';
import type { CallSpec } from '@drover/model';
import { type BrokerWorld, type BrokerWorldOptions, openBrokerWorld, vendorMock } from '@drover/testing';

const BASE = 'https://tenant.example.com';
const CALL = { path: '/items', delivery: 'repeatable', rateGroup: 'items' } as const;
const CALLS: CallSpec[] = [
  { ...CALL, name: 'read', method: 'GET', purpose: 'reading items', effect: 'read' },
  { ...CALL, name: 'change', method: 'PATCH', purpose: 'changing items', effect: 'write' },
  { ...CALL, name: 'create', method: 'POST', purpose: 'creating an item', effect: 'write', delivery: 'once' },
];
const refusal = (seconds: number) => ({ status: 429, headers: { 'retry-after': String(seconds) } });

describe('rate limits', () => {
  const vendor = vendorMock(BASE);
  let world: BrokerWorld;
  afterEach(() => world.broker.close());
  const open = (limits: BrokerWorldOptions['limits'] = {}) => {
    world = openBrokerWorld({ baseUrl: BASE, calls: CALLS, limits });
    return world.hook();
  };

  it('waits in place for what the vendor asks, and counts it', async () => {
    vendor.get('/items', refusal(7));
    vendor.get('/items', { status: 200 });
    const hook = await open();
    expect(await hook.call('read', {})).toMatchObject({ status: 200 });
    expect(world.clock.slept).toEqual([7_000]);
    expect(hook.figures).toEqual({ vendorCalls: 2, vendorWrites: 0, waitedMs: 7_000 });
    expect(hook.waitingCalls).toBe(0);
  });

  it('backs off by itself when the vendor names no time', async () => {
    vendor.get('/items', { status: 429 }, { times: 2 });
    vendor.get('/items', { status: 200 });
    const hook = await open();
    await hook.call('read', {});
    expect(world.clock.slept).toEqual([2_000, 4_000]);
  });

  it('repeats a once call after 429: it did nothing', async () => {
    vendor.post('/items', refusal(1));
    vendor.post('/items', { status: 201 });
    const hook = await open();
    await hook.call('create', {});
    expect(hook.figures).toMatchObject({ vendorCalls: 2, vendorWrites: 1 });
  });

  it('gives a long wait back before the first write, so that the batch can be parked', async () => {
    vendor.get('/items', refusal(11));
    const hook = await open();
    await expect(hook.call('read', {})).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
      retryAfterMs: 11_000,
      message: expect.stringContaining('asks to wait 11 s before reading items (GET /items)'),
    });
    expect(world.clock.slept).toEqual([]);
    await expect((await world.hook()).call('read', {})).rejects.toMatchObject({ retryAfterMs: 11_000 });
    expect(vendor.requests).toHaveLength(1);
  });

  it('gives waits back that are long together', async () => {
    vendor.get('/items', refusal(6), { times: 2 });
    const hook = await open();
    await expect(hook.call('read', {})).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 6_000 });
    expect(world.clock.slept).toEqual([6_000]);
  });

  it('waits in place after a write, however long, up to maxWaitMs', async () => {
    vendor.patch('/items', { status: 200 });
    vendor.get('/items', refusal(600));
    vendor.get('/items', { status: 200 });
    const hook = await open({ maxWaitMs: 900_000 });
    await hook.call('change', {});
    await hook.call('read', {});
    expect(world.clock.slept).toEqual([600_000]);
    vendor.get('/items', refusal(600), { times: 2 });
    await expect(hook.call('read', {})).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: 600_000,
    });
  });

  it('a write that was refused by 429 or 401 does not count as one', async () => {
    vendor.patch('/items', refusal(11));
    const hook = await open();
    await expect(hook.call('change', {})).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(hook.figures).toMatchObject({ vendorCalls: 1, vendorWrites: 0 });
  });

  it('keeps to the budget of the manifest, shared by all hooks, first come first served', async () => {
    vendor.get('/items', { status: 200 }, { times: 6 });
    const first = await open({ rateGroups: { items: { requests: 2, perMs: 1_000 } } });
    const second = await world.hook();
    const order: number[] = [];
    const call = async (hook: typeof first, n: number) => {
      await hook.call('read', {});
      order.push(n);
    };
    await Promise.all([first, second, first, second, first, second].map((hook, n) => call(hook, n)));
    expect(order.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(order.indexOf(5)).toBeGreaterThan(order.indexOf(2));
    expect(world.clock.slept).toEqual([1_060, 1_060]);
  });

  it('closes the budget when a good answer took the last of it', async () => {
    vendor.get('/items', { status: 200, headers: { 'ratelimit-remaining': '0', 'ratelimit-reset': '3' } });
    vendor.get('/items', { status: 200 });
    const hook = await open();
    await hook.call('read', {});
    await hook.call('read', {});
    expect(world.clock.slept).toEqual([3_000]);
  });

  it('honours Retry-After of a 503', async () => {
    vendor.get('/items', { status: 503, headers: { 'retry-after': '4' } });
    vendor.get('/items', { status: 200 });
    const hook = await open();
    await hook.call('read', {});
    expect(world.clock.slept).toEqual([4_000]);
  });

  it('stops waiting when the hook is stopped', async () => {
    vendor.get('/items', refusal(5));
    await open();
    const stop = new AbortController();
    const hook = await world.hook({ signal: stop.signal });
    const pending = hook.call('read', {});
    // A wait lasts one turn here, and every turn is watched.
    let isOver = false;
    const watch = (): void => {
      if (hook.waitingCalls > 0) stop.abort();
      else if (!isOver) setImmediate(watch);
    };
    watch();
    await expect(pending)
      .rejects.toMatchObject({ code: 'CANCELLED' })
      .finally(() => (isOver = true));
  });

  describe('of points in the body', () => {
    const points = { left: '/extensions/left', spent: '/extensions/spent', resetMs: '/extensions/reset~0Ms' };
    const spending: CallSpec[] = CALLS.map((call) => (call.name === 'read' ? { ...call, points } : call));
    const openSpending = () => {
      world = openBrokerWorld({ baseUrl: BASE, calls: spending });
      return world.hook();
    };
    const answer = (left: unknown, spent: unknown = 20) => ({
      status: 200,
      body: { extensions: { left, spent, 'reset~Ms': 9_000 } },
    });

    it('waits for the reset when another such call would not fit', async () => {
      vendor.get('/items', answer(25));
      vendor.get('/items', answer(5));
      vendor.get('/items', answer(480));
      const hook = await openSpending();
      for (let call = 0; call < 3; call += 1) await hook.call('read', {});
      expect(world.clock.slept).toEqual([9_000]);
    });

    it.each([
      ['says nothing', { status: 200, body: {} }],
      ['says no numbers', answer('0')],
      ['says less than nothing', answer(-1)],
      ['is no JSON', { status: 200, body: '<html>' }],
      ['has no body', { status: 204 }],
    ])('waits for nothing when the answer %s', async (_, reply) => {
      vendor.get('/items', reply, { times: 2 });
      const hook = await openSpending();
      for (let call = 0; call < 2; call += 1) await hook.call('read', {});
      expect(world.clock.slept).toEqual([]);
    });
  });
});
