import { Buffer } from 'node:buffer';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { AuthSpec, CallSpec } from '@drover/model';
import { type BrokerWorld, type BrokerWorldOptions, openBrokerWorld, vendorMock } from '@drover/testing';

const BASE = 'https://tenant.example.com';
const SECRET = 'tok-0123456789';
const SEND: CallSpec = {
  name: 'send',
  method: 'POST',
  path: '/items',
  purpose: 'sending items',
  effect: 'write',
  delivery: 'repeatable',
};

describe('authentication', () => {
  const vendor = vendorMock(BASE);
  let world: BrokerWorld;
  const open = (options: Partial<BrokerWorldOptions>) => {
    world = openBrokerWorld({ baseUrl: BASE, calls: [SEND], ...options });
    return world.hook();
  };
  afterEach(() => world?.broker.close());

  const oneAuth = (auth: AuthSpec) => ({ auth: { default: auth } });

  it('puts a header with its prefix', async () => {
    vendor.post('/items', { status: 200 });
    const hook = await open(
      oneAuth({ type: 'header', name: 'Authorization', secret: 'apiToken', prefix: 'SSWS ' }),
    );
    await hook.call('send', { json: {} });
    expect(vendor.requests[0]?.headers).toMatchObject({
      authorization: `SSWS ${SECRET}`,
      'user-agent': 'drover (acme.test/1.0.0)',
    });
  });

  it('puts a query parameter', async () => {
    vendor.post('/items', { status: 200 });
    const hook = await open(oneAuth({ type: 'query', name: 'token', secret: 'apiToken' }));
    await hook.call('send', { json: {} });
    expect(vendor.requests[0]?.query).toEqual({ token: SECRET });
  });

  it.each([
    ['JSON', { json: { name: 'a' } }, { name: 'a', token: SECRET }],
    ['no body', {}, { token: SECRET }],
    ['a form', { form: { name: 'a b' } }, `name=a+b&token=${SECRET}`],
  ])('puts a field into a body that is %s', async (_, params, body) => {
    vendor.post('/items', { status: 200 });
    const hook = await open(oneAuth({ type: 'body', name: 'token', secret: 'apiToken' }));
    await hook.call('send', params);
    expect(vendor.requests[0]?.body).toEqual(body);
  });

  it.each([
    ['text', { text: 'x' }],
    ['a JSON list', { json: [1] }],
  ])('refuses a field in a body that is %s', async (_, params) => {
    const hook = await open(oneAuth({ type: 'body', name: 'token', secret: 'apiToken' }));
    await expect(hook.call('send', params)).rejects.toMatchObject({ code: 'CALL_INVALID' });
  });

  it('puts basic credentials, the user name from an open field', async () => {
    vendor.post('/items', { status: 200 });
    const hook = await open({
      ...oneAuth({ type: 'basic', username: 'user', secret: 'apiToken' }),
      settings: { user: 'api' },
    });
    await hook.call('send', { json: {} });
    const expected = Buffer.from(`api:${SECRET}`).toString('base64');
    expect(vendor.requests[0]?.headers.authorization).toBe(`Basic ${expected}`);
  });

  it('sends nothing when there is nothing to send', async () => {
    vendor.post('/items', { status: 200 });
    const hook = await open({ ...oneAuth({ type: 'none' }), secrets: {} });
    await hook.call('send', { json: {} });
    expect(JSON.stringify(vendor.requests)).not.toContain(SECRET);
  });

  it('takes the entry that the call names', async () => {
    vendor.post('/items', { status: 200 });
    const hook = await open({
      calls: [{ ...SEND, auth: 'v1' }],
      auth: {
        default: { type: 'header', name: 'x-api-token', secret: 'apiToken' },
        v1: { type: 'query', name: 'token', secret: 'apiToken' },
      },
    });
    await hook.call('send', { json: {} });
    expect(vendor.requests[0]?.headers).not.toHaveProperty('x-api-token');
    expect(vendor.requests[0]?.query).toEqual({ token: SECRET });
  });

  it('says which field is not set', async () => {
    const hook = await open({ secrets: {} });
    await expect(hook.call('send', { json: {} })).rejects.toMatchObject({
      code: 'SECRET_NOT_SET',
      message: expect.stringMatching(/prod has no apiToken/),
    });
  });

  it('refuses a secret that would break the header, without repeating it', async () => {
    const hook = await open({ secrets: { apiToken: 'tok-1\r\nx-evil: 1' } });
    await expect(hook.call('send', { json: {} })).rejects.toMatchObject({
      code: 'SECRET_UNREADABLE',
      message: expect.not.stringContaining('tok-1'),
    });
  });

  describe('by OAuth 2.0 client credentials', () => {
    const OAUTH: AuthSpec = {
      type: 'oauth2-client-credentials',
      tokenPath: '/oauth2/token',
      clientId: 'clientId',
      secret: 'clientSecret',
      scope: 'items:write',
    };
    const account = { settings: { clientId: 'drover' }, secrets: { clientSecret: 'client+secret/1' } };
    const openOauth = (auth: Partial<typeof OAUTH> = {}) =>
      open({ ...oneAuth({ ...OAUTH, ...auth } as AuthSpec), ...account });
    const token = (value: string, life = 1_799) => ({
      status: 201,
      body: { access_token: value, expires_in: life, token_type: 'bearer' },
    });

    it('fetches one token for all callers and uses it again', async () => {
      vendor.post('/oauth2/token', token('minted-token-1'));
      vendor.post('/items', { status: 200 }, { times: 6 });
      const hook = await openOauth();
      const other = await world.hook();
      await Promise.all([hook, hook, hook, other, other].map((one) => one.call('send', { json: {} })));
      await (await world.hook()).call('send', { json: {} });
      expect(vendor.requests[0]?.body).toBe(
        'grant_type=client_credentials&client_id=drover&client_secret=client%2Bsecret%2F1&scope=items%3Awrite',
      );
      const sent = vendor.requests.slice(1).map((request) => request.headers.authorization);
      expect(sent).toEqual(Array.from({ length: 6 }, () => 'Bearer minted-token-1'));
    });

    it('sends the client as basic credentials, form-encoded, when asked to', async () => {
      vendor.post('/oauth2/token', token('minted-token-1'));
      vendor.post('/items', { status: 200 });
      const hook = await openOauth({ credentialsIn: 'basic' } as never);
      await hook.call('send', { json: {} });
      const basic = Buffer.from('drover:client%2Bsecret%2F1').toString('base64');
      expect(vendor.requests[0]?.headers.authorization).toBe(`Basic ${basic}`);
      expect(vendor.requests[0]?.body).toBe('grant_type=client_credentials&scope=items%3Awrite');
      expect(hook.redact(`said ${basic}`)).not.toContain(basic.slice(-12, -4));
    });

    it('renews a minute before the token expires', async () => {
      vendor.post('/oauth2/token', token('minted-token-1'));
      vendor.post('/oauth2/token', token('minted-token-2'));
      vendor.post('/items', { status: 200 }, { times: 2 });
      const hook = await openOauth();
      await hook.call('send', { json: {} });
      world.clock.advance(1_740_000);
      await hook.call('send', { json: {} });
      expect(vendor.requests.at(-1)?.headers.authorization).toBe('Bearer minted-token-2');
    });

    it('renews once on 401, even for a call that must not be repeated, and then gives up', async () => {
      vendor.post('/oauth2/token', token('minted-token-1'));
      vendor.post('/oauth2/token', token('minted-token-2'));
      vendor.post('/items', { status: 401 });
      vendor.post('/items', { status: 200 });
      const hook = await open({
        ...oneAuth(OAUTH),
        ...account,
        calls: [{ ...SEND, delivery: 'once' }],
      });
      expect(await hook.call('send', { json: {} })).toMatchObject({ status: 200 });
      expect(hook.figures).toMatchObject({ vendorCalls: 4, vendorWrites: 1 });
      vendor.post('/oauth2/token', token('minted-token-3'));
      vendor.post('/items', { status: 401 }, { times: 2 });
      await expect(hook.call('send', { json: {} })).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    });

    it.each([
      [400, { error: 'invalid_client' }, 'CREDENTIALS_REFUSED'],
      [401, {}, 'CREDENTIALS_REFUSED'],
      [403, {}, 'CREDENTIALS_REFUSED'],
      [200, { token: 'x' }, 'VENDOR_ANSWER_INVALID'],
      [200, 'no JSON', 'VENDOR_ANSWER_INVALID'],
      [200, 'null', 'VENDOR_ANSWER_INVALID'],
    ])('a token endpoint that answers %i %j: %s', async (status, body, code) => {
      vendor.post('/oauth2/token', { status, body });
      const hook = await openOauth();
      await expect(hook.call('send', { json: {} })).rejects.toMatchObject({
        code,
        message: expect.not.stringContaining('client+secret'),
      });
    });

    it('hides minted tokens and the client secret wherever the vendor echoes them', async () => {
      vendor.post('/oauth2/token', token('minted-token-1'));
      vendor.post('/items', ({ headers }) => ({
        status: 200,
        body: { echo: headers.authorization, b64: Buffer.from('x:client+secret/1').toString('base64') },
      }));
      const hook = await openOauth();
      const reply = await hook.call('send', { json: {} });
      expect(reply.body).toEqual({ echo: 'Bearer [REDACTED]', b64: expect.stringContaining('[REDACTED]') });
    });

    describe('of an account in another cloud', () => {
      const hosts = { 'us-1': 'tenant.example.com', 'eu-1': 'eu.example.com', 'us-2': 'us-2.example.com' };
      const region = { header: 'X-Region', hosts };
      const named = (name: string) => ({ ...token('minted-token-1'), headers: { 'X-Region': name } });
      const other = vendorMock('https://eu.example.com');

      it('sends its calls there by https, and fetches the next token where the base URL says', async () => {
        vendor.post('/oauth2/token', named('EU-1'));
        other.post('/items', { status: 401 });
        vendor.post('/oauth2/token', { ...named('eu-1'), ...token('minted-token-2') });
        other.post('/items', { status: 200 });
        const hook = await openOauth({ region } as never);
        await hook.call('send', { json: { a: 1 } });
        expect(other.requests).toMatchObject([
          { headers: { authorization: 'Bearer minted-token-1' }, body: { a: 1 } },
          { headers: { authorization: 'Bearer minted-token-2' }, body: { a: 1 } },
        ]);
        expect(vendor.requests.map(({ path }) => path)).toEqual(['/oauth2/token', '/oauth2/token']);
      });

      it.each([
        ['a cloud that is not known', 'us-9', region],
        ['its own cloud', 'us-1', region],
        ['a name of every object', 'constructor', region],
        ['a host in the place of a name', 'evil.example.com', region],
        ['another header', 'eu-1', { ...region, header: 'X-Other' }],
        ['a base URL that is none of the clouds', 'eu-1', { ...region, hosts: { 'eu-1': hosts['eu-1'] } }],
      ])('%s: they stay', async (_, name, spec) => {
        vendor.post('/oauth2/token', named(name));
        vendor.post('/items', { status: 200 });
        const hook = await openOauth({ region: spec } as never);
        expect(await hook.call('send', { json: {} })).toMatchObject({ status: 200 });
      });
    });

    it('a hook that stops does not take the token from the others', async () => {
      const stop = new AbortController();
      vendor.post('/oauth2/token', () => {
        stop.abort();
        return token('minted-token-1');
      });
      vendor.post('/items', { status: 200 });
      await openOauth();
      const stopped = await world.hook({ signal: stop.signal });
      const other = await world.hook();
      const first = stopped.call('send', { json: {} });
      const second = other.call('send', { json: {} });
      await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(await second).toMatchObject({ status: 200 });
    });
  });
});
