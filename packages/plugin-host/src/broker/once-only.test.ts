import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { VendorClient } from './vendor-client.js';
import { WireRequest } from './wire-request.js';

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';
const BODY = { kind: 'json', value: { text: 'x'.repeat(300_000) }, contentType: 'application/json' } as const;

const opened: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of opened.splice(0).reverse()) one.close();
});

/** A vendor that speaks to its sockets by hand. `requests` are the paths of those of which anything came. */
async function rudeVendor(onData: (socket: Socket) => void): Promise<{ url: URL; requests: string[] }> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const [, path] = /POST (\S*)/.exec(data.toString('latin1')) ?? [];
      if (path !== undefined) requests.push(path);
      onData(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}/impacts`), requests };
}

function clientOf(): VendorClient {
  const client = new VendorClient({ proxy: 'none', verifyTls: true }, {});
  opened.push(client);
  return client;
}

function sendOnce(client: VendorClient, url: URL, body?: typeof BODY) {
  return client.send(
    { method: 'POST', url, headers: {}, ...(body === undefined ? {} : { body }) },
    {
      once: true,
      writes: true,
      userAgent: 'test',
      timeoutMs: 5_000,
      maxResponseBytes: 1_000,
      signal: new AbortController().signal,
    },
  );
}

describe('a request that must not be repeated', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['hangs up', (socket) => socket.destroy()],
    ['hangs up in good form', (socket) => socket.end()],
    ['resets', (socket) => socket.resetAndDestroy()],
    ['begins to answer and hangs up', (socket) => socket.end('HTTP/1.1 2')],
    [
      'sends half a head and resets',
      (socket) => socket.write('HTTP/1.1 200 OK\r\n', () => socket.resetAndDestroy()),
    ],
  ])('leaves once where the vendor %s', async (_, part) => {
    const vendor = await rudeVendor((socket) => part(socket));
    const client = clientOf();
    for (const body of [undefined, BODY]) {
      const before = vendor.requests.length;
      expect(await sendOnce(client, vendor.url, body)).toMatchObject({
        kind: 'broken',
        mayHaveArrived: true,
      });
      expect(vendor.requests).toHaveLength(before + 1);
    }
  });

  it('leaves once where the vendor hangs up a moment after it has all of it', async () => {
    const vendor = await rudeVendor((socket) => setTimeout(() => socket.destroy(), 20));
    expect(await sendOnce(clientOf(), vendor.url, BODY)).toMatchObject({
      kind: 'broken',
      mayHaveArrived: true,
    });
    expect(vendor.requests).toHaveLength(1);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['with its answer', (socket) => socket.end(ANSWER)],
    ['right after its answer', (socket) => socket.write(ANSWER, () => socket.end())],
    ['a turn after its answer', (socket) => socket.write(ANSWER, () => setImmediate(() => socket.destroy()))],
    ['when the next request comes', (socket) => void socket.write(ANSWER)],
  ])('leaves once where the vendor closes a connection that is kept %s', async (_, answer) => {
    const answered = new Set<Socket>();
    const vendor = await rudeVendor((socket) => {
      if (answered.has(socket)) return socket.resetAndDestroy();
      answered.add(socket);
      answer(socket);
    });
    const client = clientOf();
    const answeredPaths = [];
    for (let nth = 1; nth <= 20; nth += 1) {
      const path = `/impacts/${nth}`;
      const exchange = await sendOnce(client, new URL(path, vendor.url));
      if (exchange.kind === 'answer') answeredPaths.push(path);
      else if (!exchange.mayHaveArrived) expect(vendor.requests).not.toContain(path);
    }
    expect(new Set(vendor.requests).size).toBe(vendor.requests.length);
    expect(answeredPaths).not.toEqual([]);
    expect(vendor.requests).toEqual(expect.arrayContaining(answeredPaths));
  });

  it('is refused to undici, should it ever write it a second time', () => {
    const watcher = { beforeBytes: jest.fn(), broken: jest.fn() };
    const wire = new WireRequest(watcher);
    const controller = {} as Dispatcher.DispatchController;
    wire.onRequestStart(controller);
    expect(() => wire.onRequestStart(controller)).toThrow('sent already');
    expect(watcher.beforeBytes).toHaveBeenCalledTimes(1);
  });
});
