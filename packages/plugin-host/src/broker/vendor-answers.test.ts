import type { WriteResult } from '@drover/engine';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { OutgoingWrite } from '@drover/engine';
import type { CallSpec } from '@drover/model';
import { type BrokerWorld, type MockedReply, openBrokerWorld, vendorMock } from '@drover/testing';

const BASE = 'https://tenant.example.com';
const CALL = { path: '/items/{id}', delivery: 'repeatable' } as const;
const CALLS: CallSpec[] = [
  { ...CALL, name: 'read', method: 'GET', purpose: 'reading the item', effect: 'read', query: ['q'] },
  {
    ...CALL,
    name: 'change',
    method: 'PATCH',
    purpose: 'changing the item',
    effect: 'write',
    handles: [400, 409],
  },
  {
    ...CALL,
    name: 'create',
    method: 'POST',
    purpose: 'creating the item',
    effect: 'write',
    delivery: 'once',
  },
  {
    ...CALL,
    name: 'small',
    method: 'GET',
    purpose: 'reading a little',
    effect: 'read',
    maxResponseBytes: 100,
  },
];
const ID = { params: { id: '7' } };

let world: BrokerWorld;
const vendor = vendorMock(BASE);
afterEach(() => world.broker.close());

function open() {
  world = openBrokerWorld({ baseUrl: BASE, calls: CALLS });
  return world.hook();
}

describe('what comes back', () => {
  it.each<[string, MockedReply, unknown]>([
    ['JSON', { status: 200, body: { a: [1] } }, { a: [1] }],
    [
      'JSON that says it is text',
      { status: 200, body: '[1]', headers: { 'content-type': 'text/html' } },
      [1],
    ],
    ['a JSON scalar', { status: 200, body: '7', headers: { 'content-type': 'application/json' } }, 7],
    ['text', { status: 200, body: 'fine' }, 'fine'],
    ['broken JSON', { status: 200, body: '{"a":', headers: { 'content-type': 'application/json' } }, '{"a":'],
    ['nothing', { status: 204 }, undefined],
    ['an empty 200', { status: 200, body: '' }, undefined],
  ])('%s', async (_, reply, body) => {
    vendor.get('/items/7', reply);
    const hook = await open();
    expect(await hook.call('read', ID)).toEqual({
      status: reply.status,
      headers: expect.any(Object),
      body,
      at: '2026-01-02T03:04:05.000Z',
    });
  });

  it('has no cookies and no authentication headers', async () => {
    vendor.get('/items/7', {
      status: 200,
      headers: { 'set-cookie': 'session=1', 'www-authenticate': 'Basic', 'x-request-id': 'r1' },
    });
    const hook = await open();
    const { headers } = await hook.call('read', ID);
    expect(headers).toEqual({ 'x-request-id': 'r1' });
  });

  it('comes as an answer for statuses that the call handles', async () => {
    vendor.patch('/items/7', { status: 400, body: { message: 'bad URL' } });
    const hook = await open();
    expect(await hook.call('change', { ...ID, json: {} })).toMatchObject({
      status: 400,
      body: { message: 'bad URL' },
    });
  });
});

describe('a refusal', () => {
  it.each<[number, string, string, MockedReply['body']]>([
    [
      400,
      'VENDOR_REFUSED',
      'Acme answered 400 while reading the item (GET /items/{id}). It said: no such field',
      { error: { message: 'no such field' } },
    ],
    [
      404,
      'VENDOR_REFUSED',
      'Acme answered 404 while reading the item (GET /items/{id}). It said: Not found: x',
      { errorSummary: 'Not found: x' },
    ],
    [
      401,
      'CREDENTIALS_REFUSED',
      'Acme answered 401 while reading the item (GET /items/{id}). The credentials of the connection prod were not accepted: check that they are complete and have not expired; they need the right to read /items/{id}.',
      '',
    ],
    [
      403,
      'CREDENTIALS_REFUSED',
      'Acme answered 403 while reading the item (GET /items/{id}). The credentials of the connection prod lack the right to read /items/{id}. It said: denied',
      'denied',
    ],
    [
      300,
      'REDIRECT_REFUSED',
      'Acme answered 300 while reading the item (GET /items/{id}): it redirects, which is not followed; check the connection’s base URL.',
      '',
    ],
  ])('%i is %s', async (status, code, message, body) => {
    vendor.get('/items/7', { status, body });
    const hook = await open();
    await expect(hook.call('read', ID)).rejects.toMatchObject({ code, message, retryable: false });
    expect(world.clock.slept).toEqual([]);
  });

  it('names the right to write for a call that writes', async () => {
    vendor.patch('/items/7', { status: 403 });
    const hook = await open();
    await expect(hook.call('change', ID)).rejects.toMatchObject({
      message: expect.stringContaining('lack the right to write to /items/{id}'),
    });
  });

  it('leaves HTML out, keeps to one line and to 200 characters', async () => {
    vendor.get('/items/7', { status: 400, body: '<html>oops</html>' });
    vendor.get('/items/7', { status: 400, body: `two\nlines ${'x'.repeat(500)}` });
    const hook = await open();
    await expect(hook.call('read', ID)).rejects.toMatchObject({
      message: expect.stringMatching(/\{id\}\)\.$/),
    });
    await expect(hook.call('read', ID)).rejects.toMatchObject({
      message: expect.stringMatching(/It said: two lines x{189}…$/),
    });
  });
});

describe('trying again', () => {
  it('repeats a repeatable call after 5xx, with growing pauses', async () => {
    vendor.patch('/items/7', { status: 503 });
    vendor.patch('/items/7', { status: 500 });
    vendor.patch('/items/7', { status: 200 });
    const hook = await open();
    expect(await hook.call('change', ID)).toMatchObject({ status: 200 });
    expect(world.clock.slept).toEqual([500, 1_000]);
    expect(hook.figures).toEqual({ vendorCalls: 3, vendorWrites: 3, waitedMs: 0 });
  });

  it('gives up after three', async () => {
    vendor.get('/items/7', { status: 502, body: 'bad gateway' }, { times: 3 });
    const hook = await open();
    await expect(hook.call('read', ID)).rejects.toMatchObject({
      code: 'VENDOR_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('answered 502 while reading the item'),
    });
  });

  it.each([
    ['ECONNRESET', 'the connection was closed before an answer came (ECONNRESET)'],
    ['ENOTFOUND', 'no such host (ENOTFOUND)'],
  ])('gives up on the network (%s) after three', async (code, detail) => {
    vendor.fail('GET', '/items/7', { code, times: 3 });
    const hook = await open();
    await expect(hook.call('read', ID)).rejects.toMatchObject({
      code: 'VENDOR_UNREACHABLE',
      retryable: true,
      message: `Acme could not be reached while reading the item (GET /items/{id}): ${detail}.`,
    });
    expect(world.clock.slept).toHaveLength(2);
  });

  it('does not repeat what a certificate stops', async () => {
    vendor.fail('GET', '/items/7', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    const hook = await open();
    await expect(hook.call('read', ID)).rejects.toMatchObject({
      code: 'VENDOR_UNREACHABLE',
      retryable: false,
      message: expect.stringContaining('the TLS handshake failed (DEPTH_ZERO_SELF_SIGNED_CERT)'),
    });
  });

  it('never repeats a once call after 5xx: what came of it is unknown', async () => {
    vendor.post('/items/7', { status: 500 });
    const hook = await open();
    await expect(hook.call('create', ID)).rejects.toMatchObject({
      code: 'VENDOR_NO_ANSWER',
      retryable: false,
      message: expect.stringContaining('creating the item (POST /items/{id}) at Acme: it answered 500'),
    });
    expect(hook.figures).toMatchObject({ vendorCalls: 1, vendorWrites: 1 });
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'CERT_HAS_EXPIRED'])(
    'knows that a once call stopped by %s was not sent',
    async (code) => {
      vendor.fail('POST', '/items/7', { code });
      const hook = await open();
      await expect(hook.call('create', ID)).rejects.toMatchObject({ code: 'VENDOR_UNREACHABLE' });
      expect(hook.figures).toMatchObject({ vendorCalls: 1, vendorWrites: 0 });
    },
  );
});

describe('redirects', () => {
  it('of a read are followed at the same origin, three times', async () => {
    const to = (location: string) => ({ status: 302, headers: { location } });
    vendor.get('/items/7', to('/items/8?page=2'));
    vendor.get('/items/8', to('https://tenant.example.com/items/9'));
    vendor.get('/items/9', { status: 200, body: 'here' });
    const hook = await open();
    expect(await hook.call('read', ID)).toMatchObject({ body: 'here' });
    expect(vendor.requests.map((request) => request.headers['x-api-token'])).toEqual(
      Array(3).fill('tok-0123456789'),
    );
    vendor.get('/items/7', to('/items/7'), { times: 4 });
    await expect(hook.call('read', ID)).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
  });

  it.each([
    'https://evil.example/items',
    'http://tenant.example.com/items/7',
    'https://tenant.example.com:8443/items/7',
    'https://user:pw@tenant.example.com/items/7',
    '//evil.example/',
    'javascript:alert(1)',
  ])('to %s are refused', async (location) => {
    vendor.get('/items/7', { status: 307, headers: { location } });
    const hook = await open();
    await expect(hook.call('read', ID)).rejects.toMatchObject({ code: 'REDIRECT_REFUSED', retryable: false });
    expect(vendor.requests).toHaveLength(1);
  });

  it('of a write are refused', async () => {
    vendor.patch('/items/7', { status: 307, headers: { location: '/items/8' } });
    const hook = await open();
    await expect(hook.call('change', ID)).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
  });
});

describe('the size of an answer', () => {
  it.each([
    ['told by the vendor', { 'content-length': '101' }],
    ['not told', {}],
  ])('%s: refused over the cap, taken up to it', async (_, headers) => {
    vendor.get('/items/7', { status: 200, body: 'x'.repeat(101), headers });
    vendor.get('/items/7', { status: 200, body: 'x'.repeat(100) });
    const hook = await open();
    await expect(hook.call('small', ID)).rejects.toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
      retryable: false,
    });
    expect(await hook.call('small', ID)).toMatchObject({ body: 'x'.repeat(100) });
  });
});

describe('the scope of a hook', () => {
  it('refuses calls that the manifest does not declare', async () => {
    const hook = await open();
    await expect(hook.call('constructor', {})).rejects.toMatchObject({
      code: 'CALL_NOT_DECLARED',
      message: expect.stringContaining('acme.test made the call constructor'),
    });
  });

  it.each([{ readOnly: 'a pull' }, { mode: 'plan' as const }])('refuses writes under %j', async (scope) => {
    await open();
    const hook = await world.hook(scope);
    await expect(hook.call('change', ID)).rejects.toMatchObject({ code: 'WRITE_NOT_ALLOWED' });
    vendor.get('/items/7', { status: 200 });
    expect(await hook.call('read', ID)).toMatchObject({ status: 200 });
  });

  it('shows a plan’s write to the engine and sends nothing, whatever the engine says', async () => {
    await open();
    const shown: unknown[] = [];
    const beforeWrite = async (write: OutgoingWrite) => {
      shown.push({ covers: write.covers, ...write.describe() });
      if (shown.length === 1) throw Object.assign(new Error('recorded'), { code: 'PLAN_STOP' });
      return { do: 'send' as const };
    };
    const hook = await world.hook({ mode: 'plan', beforeWrite });
    const call = () => hook.call('change', { ...ID, json: { a: 1 }, covers: ['obj_1'] });
    await expect(call()).rejects.toMatchObject({ code: 'PLAN_STOP' });
    await expect(call()).rejects.toMatchObject({ code: 'WRITE_NOT_ALLOWED' });
    expect(shown[0]).toEqual({
      covers: ['obj_1'],
      method: 'PATCH',
      path: '/items/7',
      body: { contentType: 'application/json', value: { a: 1 } },
    });
    expect(hook.figures).toMatchObject({ vendorCalls: 0, vendorWrites: 0 });
  });

  it('asks before each write leaves, each try of it, and before no read', async () => {
    let asked = 0;
    const beforeWrite = async () => {
      asked += 1;
      return { do: 'send' as const };
    };
    await open();
    const hook = await world.hook({ beforeWrite });
    vendor.get('/items/7', { status: 200 });
    await hook.call('read', ID);
    expect(asked).toBe(0);
    vendor.patch('/items/7', { status: 500 });
    vendor.patch('/items/7', { status: 200 });
    await hook.call('change', ID);
    expect(asked).toBe(2);
  });

  it('sends nothing when that question is refused', async () => {
    await open();
    const beforeWrite = () => Promise.reject(Object.assign(new Error('lost'), { code: 'LEASE_LOST' }));
    const hook = await world.hook({ beforeWrite });
    await expect(hook.call('change', ID)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(hook.figures).toMatchObject({ vendorCalls: 0, vendorWrites: 0 });
  });

  it('sends no read when its own question is refused', async () => {
    await open();
    const beforeRead = () => {
      throw Object.assign(new Error('lost'), { code: 'LEASE_LOST' });
    };
    const hook = await world.hook({ beforeRead });
    await expect(hook.call('read', ID)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(hook.figures).toMatchObject({ vendorCalls: 0 });
  });

  it('tells that a write was not sent when the hook was stopped while the question was open', async () => {
    await open();
    const stop = new AbortController();
    const told: unknown[] = [];
    const beforeWrite = async () => {
      stop.abort();
      return { do: 'send' as const, settled: async (result: WriteResult) => void told.push(result) };
    };
    const hook = await world.hook({ beforeWrite, signal: stop.signal });
    await expect(hook.call('create', ID)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(told).toEqual([{ kind: 'notSent', reason: 'it was stopped before it was sent' }]);
    expect(hook.figures).toMatchObject({ vendorCalls: 0, vendorWrites: 0 });
  });

  it('treats a kept answer as it was treated when it came, and sends nothing', async () => {
    await open();
    let status = 201;
    const beforeWrite = async () => {
      const reply = { status, headers: {}, body: { id: 7 }, at: '2026-03-01T12:00:00.000Z' };
      return { do: 'replay' as const, reply };
    };
    const hook = await world.hook({ beforeWrite });
    await expect(hook.call('create', ID)).resolves.toMatchObject({
      status: 201,
      body: { id: 7 },
      at: '2026-03-01T12:00:00.000Z',
    });
    status = 403;
    await expect(hook.call('create', ID)).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    expect(hook.figures).toMatchObject({ vendorCalls: 0, vendorWrites: 0 });
  });

  it('sends nothing once it has been stopped', async () => {
    await open();
    const hook = await world.hook({ signal: AbortSignal.abort() });
    await expect(hook.call('read', ID)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
