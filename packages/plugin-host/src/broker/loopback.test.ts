import { Buffer } from 'node:buffer';
import { request as httpRequest, type RequestListener, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type CallSpec, Fault } from '@drover/model';
import {
  type BrokerWorld,
  type BrokerWorldOptions,
  LOOPBACK_TLS,
  type LoopbackVendor,
  openBrokerWorld,
  startLoopbackVendor,
} from '@drover/testing';

const CALL = { path: '/items', delivery: 'repeatable', timeoutMs: 300, maxResponseBytes: 100_000 } as const;
const CALLS: CallSpec[] = [
  { ...CALL, name: 'read', method: 'GET', purpose: 'reading items', effect: 'read' },
  { ...CALL, name: 'unpack', method: 'GET', purpose: 'reading items', effect: 'read', timeoutMs: 60_000 },
  { ...CALL, name: 'change', method: 'PATCH', purpose: 'changing items', effect: 'write' },
  { ...CALL, name: 'create', method: 'POST', purpose: 'creating an item', effect: 'write', delivery: 'once' },
];

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function vendorOf(
  listener: RequestListener,
  tls?: { key: string; cert: string },
): Promise<LoopbackVendor> {
  const vendor = await startLoopbackVendor(listener, tls);
  opened.push(vendor);
  return vendor;
}

function worldOf(options: Omit<BrokerWorldOptions, 'calls'>): BrokerWorld {
  const world = openBrokerWorld({ calls: CALLS, ...options });
  opened.push(world.broker);
  return world;
}

/** Counts requests (by the port they came from) and answers each the same way. */
function counting(answer: RequestListener): { listener: RequestListener; ports: (number | undefined)[] } {
  const ports: (number | undefined)[] = [];
  return {
    ports,
    listener: (request, response) => {
      ports.push(request.socket.remotePort);
      request.resume().on('end', () => answer(request, response));
    },
  };
}

const silent: RequestListener = () => undefined;
const hangUp: RequestListener = (request) => request.socket.destroy();
const cutShort: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('half', () => response.destroy());
};

describe('a request without an answer', () => {
  it.each([
    ['read', 'VENDOR_TIMEOUT', 0],
    ['change', 'VENDOR_TIMEOUT', 1],
    ['create', 'VENDOR_NO_ANSWER', 1],
  ])('in time: %s is %s, sent once', async (call, code, vendorWrites) => {
    const { listener, ports } = counting(silent);
    const hook = await worldOf({ baseUrl: (await vendorOf(listener)).url }).hook();
    await expect(hook.call(call, {})).rejects.toMatchObject({ code, retryable: code === 'VENDOR_TIMEOUT' });
    expect(ports).toHaveLength(1);
    expect(hook.figures).toMatchObject({ vendorCalls: 1, vendorWrites });
  });

  it.each([
    ['a reset', hangUp],
    ['half an answer', cutShort],
  ])('because of %s: repeatable calls are tried three times, once calls once', async (_, answer) => {
    const { listener, ports } = counting(answer);
    const hook = await worldOf({ baseUrl: (await vendorOf(listener)).url }).hook();
    await expect(hook.call('change', {})).rejects.toMatchObject({ code: 'VENDOR_UNREACHABLE' });
    expect(ports).toHaveLength(3);
    await expect(hook.call('create', {})).rejects.toMatchObject({ code: 'VENDOR_NO_ANSWER' });
    expect(ports).toHaveLength(4);
  });

  it('because nobody listens: a once call was not sent', async () => {
    const gone = await startLoopbackVendor(silent);
    await gone.close();
    const hook = await worldOf({ baseUrl: gone.url }).hook();
    await expect(hook.call('create', {})).rejects.toMatchObject({
      code: 'VENDOR_UNREACHABLE',
      message: expect.stringContaining('the connection was refused (ECONNREFUSED)'),
    });
    expect(hook.figures).toMatchObject({ vendorCalls: 1, vendorWrites: 0 });
  });

  it.each([
    ['read', 'CANCELLED'],
    ['create', 'VENDOR_NO_ANSWER'],
  ])('because the hook was stopped: %s is %s', async (call, code) => {
    const stop = new AbortController();
    const { listener, ports } = counting(() => stop.abort());
    const world = worldOf({ baseUrl: (await vendorOf(listener)).url });
    const hook = await world.hook({ signal: stop.signal });
    await expect(hook.call(call, {})).rejects.toMatchObject({ code });
    expect(ports).toHaveLength(1);
  });
});

describe('the cap on answers', () => {
  it('breaks off a body that does not end', async () => {
    let sent = 0;
    const { listener } = counting((_, response) => pour(response, (bytes) => (sent += bytes)));
    const hook = await worldOf({ baseUrl: (await vendorOf(listener)).url }).hook();
    await expect(hook.call('read', {})).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
    expect(sent).toBeLessThan(50_000_000);
  });

  // 20 GB out of 20 MB: whoever goes on unpacking after the cap is not done before the test's time is up.
  it.each([1, 250])('counts what a compressed body unpacks to, 80 MB %d times', async (times) => {
    const bomb = gzipSync(Buffer.alloc(80_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    const { listener } = counting((_, response) => {
      response.setHeader('content-encoding', 'gzip');
      Readable.from(Array.from({ length: times }, () => bomb)).pipe(response);
    });
    const hook = await worldOf({ baseUrl: (await vendorOf(listener)).url }).hook();
    await expect(hook.call('unpack', {})).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  });

  it('leaves open what came of a once call: it may have worked', async () => {
    const { listener } = counting((_, response) => response.end('x'.repeat(200_000)));
    const hook = await worldOf({ baseUrl: (await vendorOf(listener)).url }).hook();
    await expect(hook.call('create', {})).rejects.toMatchObject({ code: 'VENDOR_NO_ANSWER' });
  });
});

function pour(response: ServerResponse, onChunk: (bytes: number) => void): void {
  if (response.destroyed) return;
  const chunk = Buffer.alloc(10_000, 0x61);
  onChunk(chunk.length);
  response.write(chunk, () => setImmediate(() => pour(response, onChunk)));
}

describe('connections', () => {
  it('are kept and used again, but not for a once call after a while', async () => {
    const { listener, ports } = counting((_, response) => response.end());
    const hook = await worldOf({ baseUrl: (await vendorOf(listener)).url }).hook();
    for (const call of ['read', 'change', 'create', 'create']) await hook.call(call, {});
    expect(new Set(ports).size).toBe(2);
    await delay(1_700);
    for (const call of ['create', 'read']) await hook.call(call, {});
    expect(new Set(ports).size).toBe(3);
    expect(ports.at(-1)).toBe(ports[0]);
  });
});

describe('TLS', () => {
  const selfSigned = () => vendorOf((_, response) => response.end('fine'), LOOPBACK_TLS);

  it('refuses a certificate that nobody vouches for', async () => {
    const hook = await worldOf({ baseUrl: (await selfSigned()).url }).hook();
    await expect(hook.call('create', {})).rejects.toMatchObject({
      code: 'VENDOR_UNREACHABLE',
      message: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT'),
    });
    expect(hook.figures).toMatchObject({ vendorWrites: 0 });
  });

  it('takes it when the connection does not verify', async () => {
    const { url } = await selfSigned();
    const hook = await worldOf({ baseUrl: url, transport: { verifyTls: false } }).hook();
    expect(await hook.call('read', {})).toMatchObject({ body: 'fine' });
  });
});

describe('a write that is asked about once more', () => {
  const LOST = new Fault('LEASE_LOST', 'The lease is over.');

  it.each([
    ['over a new connection', false],
    ['over a new connection with TLS', true],
  ])('right before its bytes, %s, keeps all of them back', async (_, isTls) => {
    const { listener, ports } = counting((_request, response) => response.end());
    const { url } = await vendorOf(listener, isTls ? LOOPBACK_TLS : undefined);
    const results: unknown[] = [];
    let isLost = true;
    const hook = await worldOf({ baseUrl: url, transport: { verifyTls: false } }).hook({
      beforeWrite: async () => ({
        do: 'send',
        beforeBytes: () => {
          if (isLost) throw LOST;
        },
        settled: async (result) => void results.push(result),
      }),
    });
    for (const call of ['change', 'create']) await expect(hook.call(call, {})).rejects.toBe(LOST);
    expect(hook.figures).toMatchObject({ vendorWrites: 0 });
    const notSent = { kind: 'notSent', reason: expect.stringContaining('before it was sent') };
    expect(results).toEqual([notSent, notSent]);
    await hook.call('read', {});
    isLost = false;
    await hook.call('change', {});
    isLost = true;
    await expect(hook.call('change', { json: { over: 'the connection that is kept' } })).rejects.toBe(LOST);
    await hook.call('read', {});
    expect(ports).toHaveLength(3);
  });
});

describe('proxies', () => {
  /** A proxy for plain http: it gets whole URLs and passes them on. */
  async function proxyOf(): Promise<{ url: string; passed: string[] }> {
    const passed: string[] = [];
    const { url } = await vendorOf(({ url: target = '', method = '', headers }, response) => {
      passed.push(target);
      const onward = httpRequest(target, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502);
        answer.pipe(response);
      });
      onward.end();
    });
    return { url, passed };
  }

  it.each<[string, string, (proxy: string) => Record<string, string>, number]>([
    ['of the system', 'system', (proxy) => ({ HTTP_PROXY: proxy }), 1],
    ['of the system in lower case', 'system', (proxy) => ({ http_proxy: proxy }), 1],
    [
      'of the system but not for this host',
      'system',
      (proxy) => ({ HTTP_PROXY: proxy, NO_PROXY: '127.0.0.1' }),
      0,
    ],
    ['of a system without one', 'system', () => ({}), 0],
    ['switched off', 'none', (proxy) => ({ HTTP_PROXY: proxy }), 0],
    ['of the connection itself', 'its URL', () => ({ NO_PROXY: '*' }), 1],
  ])('%s', async (_name, kind, environment, expected) => {
    const vendor = await vendorOf((_, response) => response.end('fine'));
    const proxy = await proxyOf();
    const world = worldOf({
      baseUrl: vendor.url,
      transport: { proxy: kind === 'its URL' ? proxy.url : kind },
      proxyEnvironment: environment(proxy.url),
    });
    expect(await (await world.hook()).call('read', {})).toMatchObject({ body: 'fine' });
    expect(proxy.passed).toEqual(Array.from({ length: expected }, () => `${vendor.url}/items`));
  });
});
