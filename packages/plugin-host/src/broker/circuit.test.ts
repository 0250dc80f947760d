import { afterEach, describe, expect, it } from '@jest/globals';
import type { AuthSpec, CallSpec } from '@drover/model';
import { type BrokerWorld, type BrokerWorldOptions, openBrokerWorld, vendorMock } from '@drover/testing';

const BASE = 'https://tenant.example.com';
const CALL = { path: '/items', delivery: 'repeatable' } as const;
const CALLS: CallSpec[] = [
  { ...CALL, name: 'read', method: 'GET', purpose: 'reading items', effect: 'read' },
  { ...CALL, name: 'peek', method: 'GET', path: '/peek', purpose: 'peeking', effect: 'read', handles: [503] },
  { ...CALL, name: 'change', method: 'PATCH', purpose: 'changing items', effect: 'write' },
  { ...CALL, name: 'create', method: 'POST', purpose: 'creating an item', effect: 'write', delivery: 'once' },
];
const OAUTH: Record<string, AuthSpec> = {
  default: {
    type: 'oauth2-client-credentials',
    tokenPath: '/oauth2/token',
    clientId: 'clientId',
    secret: 'clientSecret',
  },
};
const DOWN = { status: 500 };
const UP = { status: 200 };

describe('the circuit breaker', () => {
  const vendor = vendorMock(BASE);
  let world: BrokerWorld;
  afterEach(() => world.broker.close());
  const open = (options: Partial<BrokerWorldOptions> = {}) => {
    world = openBrokerWorld({ baseUrl: BASE, calls: CALLS, ...options });
    return world.hook();
  };

  /** Three failures, then two more three seconds after the first; two probes fail, and it is down for twenty seconds. */
  async function breakDown(): Promise<void> {
    vendor.get('/items', DOWN, { times: 7 });
    const hook = await world.hook();
    await expect(hook.call('read', {})).rejects.toMatchObject({ code: 'VENDOR_UNAVAILABLE' });
    world.clock.advance(1_000);
    await expect(hook.call('read', {})).rejects.toMatchObject({ code: 'VENDOR_DOWN', retryAfterMs: 10_000 });
    await expect(hook.call('read', {})).rejects.toMatchObject({ code: 'VENDOR_DOWN', retryAfterMs: 20_000 });
  }

  it('keeps calls back from a vendor that fails again and again, and waits in place for a probe', async () => {
    const hook = await open();
    await breakDown();
    expect(world.clock.slept).toEqual([500, 1_000, 500, 5_000, 10_000]);
    await expect(hook.call('read', {})).rejects.toMatchObject({
      code: 'VENDOR_DOWN',
      retryable: true,
      message:
        'Acme seems to be down: the last calls over the connection prod got no answer or a server error. It is called again in 20 s, for reading items (GET /items) too.',
    });
    vendor.get('/items', UP);
    world.clock.advance(20_000);
    expect(await hook.call('read', {})).toMatchObject(UP);
    vendor.get('/items', UP);
    expect(await hook.call('read', {})).toMatchObject(UP);
  });

  it('waits in place after a write, and then goes on', async () => {
    vendor.patch('/items', UP);
    const hook = await open();
    await hook.call('change', {});
    vendor.get('/items', DOWN, { times: 7 });
    vendor.get('/items', UP);
    await expect(hook.call('read', {})).rejects.toMatchObject({ code: 'VENDOR_UNAVAILABLE' });
    world.clock.advance(1_000);
    expect(await hook.call('read', {})).toMatchObject(UP);
    expect(world.clock.slept).toEqual([500, 1_000, 500, 5_000, 10_000, 20_000]);
    expect(hook.figures.waitedMs).toBe(35_000);
  });

  it('does not hold back the test of a connection, whose success is good for all', async () => {
    const hook = await open();
    await breakDown();
    const test = await world.hook({ mode: 'plan', readOnly: 'a connection test', isTest: true });
    vendor.get('/items', DOWN, { times: 3 });
    await expect(test.call('read', {})).rejects.toMatchObject({ code: 'VENDOR_UNAVAILABLE' });
    await expect(hook.call('read', {})).rejects.toMatchObject({ code: 'VENDOR_DOWN' });
    vendor.get('/items', UP, { times: 2 });
    expect(await test.call('read', {})).toMatchObject(UP);
    expect(await hook.call('read', {})).toMatchObject(UP);
  });

  it('shows no intent of a call that it keeps back', async () => {
    await open();
    await breakDown();
    const intents: unknown[] = [];
    const hook = await world.hook({
      beforeWrite: async (write) => {
        intents.push(write);
        return { do: 'send' };
      },
    });
    await expect(hook.call('create', {})).rejects.toMatchObject({ code: 'VENDOR_DOWN' });
    expect(intents).toEqual([]);
  });

  it('frees a probe that was never sent', async () => {
    const hook = await open();
    await breakDown();
    world.clock.advance(20_000);
    const refused = await world.hook({ beforeWrite: () => Promise.reject(new Error('the lease is lost')) });
    await expect(refused.call('change', {})).rejects.toThrow('the lease is lost');
    vendor.get('/items', UP);
    const slept = world.clock.slept.length;
    expect(await hook.call('read', {})).toMatchObject(UP);
    expect(world.clock.slept).toHaveLength(slept);
  });

  it('gets a token for its probe, which alone proves nothing', async () => {
    const token = { status: 201, body: { access_token: 'minted-0123456789', expires_in: 6 } };
    vendor.post('/oauth2/token', token, { times: 5 });
    const secrets = { clientSecret: 'secret-0123456789' };
    const hook = await open({ auth: OAUTH, secrets, settings: { clientId: 'me' } });
    await breakDown();
    world.clock.advance(20_000);
    vendor.get('/items', DOWN);
    await expect(hook.call('read', {})).rejects.toMatchObject({ code: 'VENDOR_DOWN', retryAfterMs: 40_000 });
    world.clock.advance(40_000);
    vendor.get('/items', UP);
    expect(await hook.call('read', {})).toMatchObject(UP);
  });

  it.each([
    ['refuses what it is asked', 404],
    ['limits', 429],
  ])('is not for a vendor that %s', async (_, status) => {
    const hook = await open();
    vendor.get('/items', { status, headers: { 'retry-after': '11' } }, { times: 8 });
    for (let n = 0; n < 8; n += 1) {
      await expect(hook.call('read', {})).rejects.toMatchObject({ code: expect.not.stringMatching('DOWN') });
      world.clock.advance(11_000);
    }
  });

  it('is not for an outage that the plugin reads itself, nor for a name that nobody has', async () => {
    const hook = await open();
    vendor.get('/peek', { status: 503 }, { times: 8 });
    for (let n = 0; n < 8; n += 1) {
      expect(await hook.call('peek', {})).toMatchObject({ status: 503 });
      world.clock.advance(1_000);
    }
    vendor.fail('GET', '/items', { code: 'ENOTFOUND', times: 9 });
    for (let n = 0; n < 3; n += 1) {
      await expect(hook.call('read', {})).rejects.toMatchObject({ code: 'VENDOR_UNREACHABLE' });
      world.clock.advance(1_000);
    }
  });

  it('is for one that refuses connections or never answers', async () => {
    const hook = await open();
    vendor.fail('GET', '/items', { code: 'ECONNREFUSED', times: 6 });
    await expect(hook.call('read', {})).rejects.toMatchObject({ code: 'VENDOR_UNREACHABLE' });
    world.clock.advance(1_000);
    await expect(hook.call('read', {})).rejects.toMatchObject({ code: 'VENDOR_DOWN' });
  });
});
