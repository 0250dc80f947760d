import { afterEach, describe, expect, it } from '@jest/globals';
import type { CallSpec } from '@drover/model';
import { type BrokerWorld, openBrokerWorld, vendorMock } from '@drover/testing';

const BASE = 'https://tenant.example.com';
const CALLS: CallSpec[] = [
  {
    name: 'read',
    method: 'GET',
    path: '/items',
    purpose: 'reading items',
    effect: 'read',
    delivery: 'repeatable',
  },
];

describe('a connection that is in use', () => {
  const vendor = vendorMock(BASE);
  const moved = vendorMock('https://moved.example.com');
  let world: BrokerWorld;
  afterEach(() => world.broker.close());
  const tokenOf = async () => {
    vendor.get('/items', { status: 200 });
    await (await world.hook()).call('read', {});
    return vendor.requests.at(-1)?.headers['x-api-token'];
  };

  it('is not revealed for every hook', async () => {
    world = openBrokerWorld({ baseUrl: BASE, calls: CALLS });
    await Promise.all([world.hook(), world.hook(), world.hook()]);
    world.clock.advance(5_000);
    await world.hook();
    expect(world.reveals).toBe(1);
    world.clock.advance(1);
    await world.hook();
    expect(world.reveals).toBe(2);
  });

  it('takes a rotated secret within five seconds', async () => {
    world = openBrokerWorld({ baseUrl: BASE, calls: CALLS });
    expect(await tokenOf()).toBe('tok-0123456789');
    world.rotate({ apiToken: 'tok-rotated' });
    world.clock.advance(5_001);
    expect(await tokenOf()).toBe('tok-rotated');
  });

  it('takes an edit with the next hook, while a hook under way goes on with what it had', async () => {
    world = openBrokerWorld({ baseUrl: BASE, calls: CALLS });
    const before = await world.hook();
    world.change({
      settings: { baseUrl: 'https://moved.example.com' },
      secrets: { apiToken: 'tok-changed' },
    });
    moved.get('/items', { status: 200 });
    await (await world.hook()).call('read', {});
    expect(moved.requests[0]?.headers['x-api-token']).toBe('tok-changed');
    vendor.get('/items', { status: 200 });
    await before.call('read', {});
    expect(vendor.requests[0]?.headers['x-api-token']).toBe('tok-0123456789');
    expect(before.redact('tok-0123456789 tok-changed')).toBe('[REDACTED] tok-changed');
  });

  it.each([
    [{ baseUrl: 'http://tenant.example.com' }, 'BASE_URL_INSECURE'],
    [{ baseUrl: undefined }, 'BASE_URL_INVALID'],
  ])('is refused with %j, and served once that is mended', async (settings, code) => {
    world = openBrokerWorld({ baseUrl: BASE, calls: CALLS, settings });
    await expect(world.hook()).rejects.toMatchObject({ code });
    world.change({ settings: { baseUrl: BASE } });
    expect(await tokenOf()).toBe('tok-0123456789');
  });

  it('is refused with a secret that cannot be hidden', async () => {
    world = openBrokerWorld({ baseUrl: BASE, calls: CALLS, secrets: { apiToken: '12345' } });
    await expect(world.hook()).rejects.toMatchObject({ code: 'SECRET_TOO_SHORT' });
  });

  it('hides the password of the system’s proxy', async () => {
    const proxyEnvironment = {
      HTTPS_PROXY: 'http://user:proxy%2Dpassword@proxy.example.com:3128',
      NO_PROXY: '*',
    };
    world = openBrokerWorld({ baseUrl: BASE, calls: CALLS, proxyEnvironment });
    expect((await world.hook()).redact('by proxy-password')).toBe('by [REDACTED]');
  });
});
