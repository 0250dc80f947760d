import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type LoopbackVendor, startLoopbackVendor } from '@drover/testing';
import type { Exchange } from './exchange.js';
import { type SendOptions, VendorClient } from './vendor-client.js';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function vendorOf(listener: RequestListener): Promise<LoopbackVendor> {
  const vendor = await startLoopbackVendor(listener);
  opened.push(vendor);
  return vendor;
}

function clientOf(): VendorClient {
  const client = new VendorClient({ proxy: 'none', verifyTls: false }, {});
  opened.push(client);
  return client;
}

function get(client: VendorClient, url: string, options: Partial<SendOptions> = {}): Promise<Exchange> {
  return client.send(
    { method: 'GET', url: new URL(url), headers: {} },
    {
      once: false,
      writes: false,
      userAgent: 'test',
      timeoutMs: 5_000,
      maxResponseBytes: 100_000,
      signal: new AbortController().signal,
      ...options,
    },
  );
}

/** Takes connections and never says a word. */
async function muteHost(): Promise<{ port: number; sockets: Socket[]; closed: () => Promise<void> }> {
  const sockets: Socket[] = [];
  let onClosed: () => void;
  const closed = new Promise<void>((resolve) => (onClosed = resolve));
  const server = createServer((socket) => {
    sockets.push(socket.resume());
    socket.on('error', () => undefined).on('close', () => onClosed());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return { port: (server.address() as AddressInfo).port, sockets, closed: () => closed };
}

const PACKERS: Record<string, (text: string) => Buffer> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
  'x-gzip': gzipSync,
  'gzip, br': (text) => brotliCompressSync(gzipSync(text)),
};

describe.each([{ writes: false }, { writes: true }])('an answer of a call with %j', (effect) => {
  it.each(Object.keys(PACKERS))('is unpacked (%s), as the vendor is told that it may be', async (name) => {
    const told: (string | undefined)[] = [];
    const { url } = await vendorOf((request, response) => {
      told.push(request.headers['accept-encoding'] as string);
      response.setHeader('content-encoding', name);
      response.end(PACKERS[name]!('fine '.repeat(1_000)));
    });
    const exchange = await get(clientOf(), url, effect);
    expect(exchange).toMatchObject({ kind: 'answer', status: 200, text: 'fine '.repeat(1_000) });
    expect(told).toEqual(['gzip, deflate, br, zstd']);
  });

  it('that says it is packed and is empty, is empty', async () => {
    const { url } = await vendorOf((_, response) => {
      response.writeHead(204, { 'content-encoding': 'gzip' }).end();
    });
    expect(await get(clientOf(), url, effect)).toMatchObject({ status: 204, text: '' });
  });

  it.each([
    ['cut short', gzipSync('fine '.repeat(1_000)).subarray(0, 30), 'Z_BUF_ERROR'],
    ['not packed at all', Buffer.from('fine'), 'Z_DATA_ERROR'],
  ])('whose packed bytes are %s may have been acted upon', async (_, bytes, code) => {
    const { url } = await vendorOf((_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(bytes);
    });
    const exchange = await get(clientOf(), url, effect);
    expect(exchange).toMatchObject({ kind: 'broken', mayHaveArrived: true });
    expect((exchange as { detail: string }).detail).toContain(code);
  });

  it('is refused as soon as it is too large, packed or not', async () => {
    const { url } = await vendorOf((request, response) => {
      const text = 'x'.repeat(200_000);
      if (request.url === '/packed') response.setHeader('content-encoding', 'gzip');
      response.end(request.url === '/packed' ? gzipSync(text) : text);
    });
    const client = clientOf();
    for (const path of ['packed', 'plain']) {
      expect(await get(client, `${url}/${path}`, effect)).toMatchObject({ reason: 'too-large' });
    }
  });

  it('that breaks off is none', async () => {
    const { url } = await vendorOf(({ socket }, response) => {
      response.setHeader('content-length', '10');
      response.write('half');
      setTimeout(() => socket.destroy(), 20);
    });
    const exchange = await get(clientOf(), url, effect);
    expect(exchange).toMatchObject({ reason: 'unreachable', mayHaveArrived: true });
  });

  it('that stops coming is given up', async () => {
    const { url } = await vendorOf((_, response) => void response.write('half'));
    const exchange = await get(clientOf(), url, { ...effect, timeoutMs: 50 });
    expect(exchange).toMatchObject({ reason: 'timeout', mayHaveArrived: true });
  });
});

describe('an answer', () => {
  it('is the one after those that only inform', async () => {
    const { url } = await vendorOf((_, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.end('fine');
    });
    expect(await get(clientOf(), url)).toMatchObject({ kind: 'answer', status: 200, text: 'fine' });
  });

  it('has one value of a header that means one thing, and all of a list', async () => {
    const { url } = await vendorOf(({ socket }) => {
      const head = ['HTTP/1.1 429 Slow', 'Retry-After: 3', 'Retry-After: 9', 'Vary: a', 'Vary: b'];
      socket.end([...head, 'Content-Length: 0', '', ''].join('\r\n'));
    });
    expect(await get(clientOf(), url)).toMatchObject({ headers: { 'retry-after': '3', vary: 'a, b' } });
  });

  it('that is no HTTP, or has too long a head, is named in plain words', async () => {
    const { url } = await vendorOf(({ socket, url: path }) => {
      socket.end(
        path === '/long' ? `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n` : 'SSH-2.0-x\r\n\r\n',
      );
    });
    const client = clientOf();
    expect(await get(client, url)).toMatchObject({
      reason: 'unreachable',
      mayHaveArrived: true,
      detail: 'the answer was no HTTP (HTTPParserError)',
    });
    expect(await get(client, `${url}/long`)).toMatchObject({
      detail: 'the head of the answer is larger than allowed (UND_ERR_HEADERS_OVERFLOW)',
    });
  });
});

describe('a connection that does not come to stand', () => {
  it.each<[string, () => Partial<SendOptions>, string]>([
    ['is out of time', () => ({ timeoutMs: 30 }), 'timeout'],
    ['is stopped', () => ({ signal: AbortSignal.timeout(30) }), 'aborted'],
  ])('is dropped when its request %s, of which nothing has left', async (_, options, reason) => {
    const { port, closed } = await muteHost();
    const exchange = await get(clientOf(), `https://127.0.0.1:${port}`, options());
    expect(exchange).toMatchObject({ reason, mayHaveArrived: false });
    await closed();
  });

  it('is dropped when the client is closed', async () => {
    const { port, sockets, closed } = await muteHost();
    const client = clientOf();
    const exchange = get(client, `https://127.0.0.1:${port}`);
    while (sockets.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    client.close();
    expect(await exchange).toMatchObject({ reason: 'unreachable', mayHaveArrived: false });
    await closed();
  });
});

describe('the connections of a client', () => {
  it('are 64 at most; the rest of the requests wait', async () => {
    const waiting: ServerResponse[] = [];
    const ports = new Set<number | undefined>();
    const { url } = await vendorOf(({ socket }: IncomingMessage, response) => {
      ports.add(socket.remotePort);
      waiting.push(response);
      if (ports.size === 64) for (const one of waiting.splice(0)) one.end();
    });
    const client = clientOf();
    const exchanges = await Promise.all(Array.from({ length: 80 }, () => get(client, url)));
    expect(exchanges.every(({ kind }) => kind === 'answer')).toBe(true);
    expect(ports.size).toBe(64);
  });

  it('go when it retires, those in use after their answer; it goes on over new ones', async () => {
    const sockets: Socket[] = [];
    let answerSlow: () => void = () => undefined;
    const { url } = await vendorOf((request, response) => {
      sockets.push(request.socket);
      if (request.url === '/slow') answerSlow = () => response.end('slow');
      else response.end('fast');
    });
    const client = clientOf();
    const slow = get(client, `${url}/slow`);
    while (sockets.length < 1) await new Promise((resolve) => setTimeout(resolve, 2));
    await get(client, url);
    const idle = new Promise((resolve) => sockets[1]!.once('close', resolve));
    client.retire();
    await idle;
    expect(await get(client, url)).toMatchObject({ text: 'fast' });
    expect(new Set(sockets).size).toBe(3);
    const inUse = new Promise((resolve) => sockets[0]!.once('close', resolve));
    answerSlow();
    expect(await slow).toMatchObject({ text: 'slow' });
    await inUse;
  });

  it('break off when it is closed, those that it retired too', async () => {
    const arrived: (string | undefined)[] = [];
    const { url } = await vendorOf((request) => arrived.push(request.url));
    const client = clientOf();
    const before = get(client, url);
    while (arrived.length < 1) await new Promise((resolve) => setTimeout(resolve, 2));
    client.retire();
    const after = get(client, url);
    while (arrived.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
    client.close();
    const dropped = {
      reason: 'unreachable',
      mayHaveArrived: true,
      detail: 'the connection was dropped on this side (UND_ERR_DESTROYED)',
    };
    expect(await Promise.all([before, after])).toMatchObject([dropped, dropped]);
    expect(await get(client, url)).toMatchObject({ reason: 'unreachable', mayHaveArrived: false });
  });
});
