import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type AuthSpec, type CallSpec, toFaultRecord } from '@drover/model';
import type { Fault } from '@drover/model';
import { type BrokerWorld, openBrokerWorld, type SeenRequest, vendorMock } from '@drover/testing';

const BASE = 'https://tenant.example.com';
const CANARY = 'C4n/ary+"Sé cret"=7~';
const CALLS: CallSpec[] = [
  {
    name: 'change',
    method: 'POST',
    path: '/items/{id}',
    purpose: 'changing the item',
    effect: 'write',
    delivery: 'repeatable',
    maxResponseBytes: 1_000_000,
  },
];
const AUTHS: Record<string, AuthSpec> = {
  header: { type: 'header', name: 'x-api-token', secret: 'apiToken', prefix: 'SSWS ' },
  query: { type: 'query', name: 'token', secret: 'apiToken' },
  body: { type: 'body', name: 'token', secret: 'apiToken' },
  basic: { type: 'basic', username: 'user', secret: 'apiToken' },
};

/** Every spelling of the secret that could come back. */
const SPELLINGS: Record<string, string> = {
  raw: CANARY,
  'JSON-escaped': JSON.stringify(CANARY).slice(1, -1),
  'URL-escaped': encodeURIComponent(CANARY),
  'URL-escaped in lower case': encodeURIComponent(CANARY).toLowerCase(),
  'form-encoded': new URLSearchParams({ k: CANARY }).toString().slice(2),
  hex: Buffer.from(CANARY).toString('hex'),
  'hex in capitals': Buffer.from(CANARY).toString('hex').toUpperCase(),
  base64: Buffer.from(CANARY).toString('base64'),
  'base64 after one byte': Buffer.from(`:${CANARY}`).toString('base64'),
  'base64 after two bytes': Buffer.from(`::${CANARY}`).toString('base64'),
  base64url: Buffer.from(CANARY).toString('base64url'),
};

/** Pieces that would give the secret away in any of those spellings. */
const PIECES = [
  CANARY,
  'C4n',
  'Sé cret',
  encodeURIComponent('/ary+'),
  Buffer.from('C4n/ary').toString('hex'),
  Buffer.from('C4n/ary').toString('hex').toUpperCase(),
  ...['', ':', '::'].map((before) => Buffer.from(`${before}${CANARY}`).toString('base64').slice(4, -4)),
];

function expectClean(...things: unknown[]): void {
  for (const thing of things) {
    for (const text of [JSON.stringify(thing) ?? '', inspect(thing, { depth: 20, showHidden: true })]) {
      for (const piece of PIECES) expect(text).not.toContain(piece);
    }
  }
}

function asRecord(thrown: unknown) {
  return toFaultRecord(thrown as Fault);
}

describe.each(Object.keys(AUTHS))('a secret in the %s', (place) => {
  const vendor = vendorMock(BASE);
  let world: BrokerWorld;
  afterEach(() => world.broker.close());

  function open() {
    world = openBrokerWorld({
      baseUrl: BASE,
      calls: CALLS,
      auth: { default: AUTHS[place]! },
      settings: { user: 'api' },
      secrets: { apiToken: CANARY },
    });
    return world.hook();
  }
  const params = { params: { id: '7' }, json: { name: 'a' } };

  function isSent(request: SeenRequest | undefined): boolean {
    const sent = JSON.stringify(request);
    return [CANARY, 'C4n', Buffer.from(`api:${CANARY}`).toString('base64')].some((text) =>
      sent.includes(text),
    );
  }

  it('does not come back in an answer, however it is spelled', async () => {
    vendor.post('/items/7', (request) => ({
      status: 200,
      headers: { 'x-echo': encodeURIComponent(CANARY), 'x-raw': 'C4n/ary+"S\u00e9 cret"=7~' },
      body: { ...SPELLINGS, [CANARY]: 'as a key', list: [[CANARY]], request },
    }));
    const hook = await open();
    const reply = await hook.call('change', params);
    expect(isSent(vendor.requests[0])).toBe(true);
    expectClean(reply);
    expect(reply.body).toMatchObject({ raw: '[REDACTED]', '[REDACTED]': 'as a key', list: [['[REDACTED]']] });
  });

  it('does not come back in an answer that is text', async () => {
    vendor.post('/items/7', { status: 200, body: Object.values(SPELLINGS).join('\n') });
    const hook = await open();
    expectClean(await hook.call('change', params));
  });

  it('does not come back in an answer with needless escapes', async () => {
    const escaped = [...CANARY]
      .map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('');
    vendor.post('/items/7', { status: 200, body: `{"a":"${escaped}"}` });
    const hook = await open();
    expect(await hook.call('change', params)).toMatchObject({ body: { a: '[REDACTED]' } });
  });

  it.each([400, 401, 403, 307, 500])('does not come back in the fault of a %i', async (status) => {
    const times = status === 500 ? 3 : 1;
    const echo = Object.values(SPELLINGS).map((spelling) => `${'x'.repeat(50)} ${spelling}`);
    const reply = {
      status,
      body: { message: echo.join(' ') },
      headers: { location: `https://evil.example/` },
    };
    vendor.post('/items/7', reply, { times });
    const hook = await open();
    const fault: unknown = await hook.call('change', params).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ message: expect.any(String) });
    expectClean(fault, asRecord(fault), (fault as Error).stack, (fault as Error).cause);
  });

  it.each(['ECONNRESET', 'ECONNREFUSED', 'CERT_HAS_EXPIRED'])(
    'does not come back in the fault of %s',
    async (code) => {
      vendor.fail('POST', '/items/7', { code, times: code.startsWith('CERT') ? 1 : 3 });
      const hook = await open();
      const fault: unknown = await hook.call('change', params).catch((thrown: unknown) => thrown);
      expect(fault).toMatchObject({ code: 'VENDOR_UNREACHABLE' });
      expectClean(fault, asRecord(fault), (fault as Error).stack);
    },
  );

  it('does not show in the broker’s own objects, outcomes and log lines', async () => {
    vendor.post('/items/7', { status: 200 });
    const hook = await open();
    await hook.call('change', params);
    expectClean(hook.redact({ outcomes: Object.values(SPELLINGS), log: [{ message: `sent ${CANARY}` }] }));
    expect(inspect(hook, { depth: 10 })).not.toContain('C4n');
  });
});
