import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it, test } from '@jest/globals';
import { LOOPBACK_TLS, startLoopbackVendor } from '@drover/testing';
import type { Exchange } from './exchange.js';
import { proxyChoice, type ProxyEnvironment } from './proxies.js';
import { VendorClient } from './vendor-client.js';

const PROXY = 'http://proxy.example.com:3128/';
const NO_SUCH_PROXY =
  'the proxy has to be an http or https URL, its user and password percent-encoded (ERR_PROXY_INVALID_CONFIG)';

describe('the proxy of a request', () => {
  test.each<[string, ProxyEnvironment, string | undefined]>([
    ['https://api.example.com', { HTTPS_PROXY: PROXY }, PROXY],
    ['https://api.example.com', { https_proxy: PROXY, HTTPS_PROXY: 'http://other.example.com' }, PROXY],
    ['https://api.example.com', { HTTP_PROXY: PROXY }, undefined],
    ['http://127.0.0.1:8080', { HTTP_PROXY: PROXY }, PROXY],
    ['http://127.0.0.1:8080', { HTTPS_PROXY: PROXY }, undefined],
  ])('to %s with %j', (url, environment, expected) => {
    expect(proxyChoice('system', environment)?.(new URL(url))?.href).toBe(expected);
  });

  test.each<[string, string, boolean]>([
    ['*', 'https://api.example.com', true],
    ['other.example.com, API.example.com', 'https://api.example.com', true],
    ['example.com', 'https://api.example.com', false],
    ['.example.com', 'https://api.example.com', true],
    ['.example.com', 'https://example.com', true],
    ['.example.com', 'https://badexample.com', false],
    ['*.example.com', 'https://api.example.com', true],
    ['*.example.com', 'https://example.com', false],
    ['api.example.com:443', 'https://api.example.com', true],
    ['api.example.com:8443', 'https://api.example.com', false],
    ['192.0.2.1-192.0.2.9', 'https://192.0.2.5', true],
    ['192.0.2.1-192.0.2.9', 'https://192.0.2.10', false],
    ['192.0.2.9-192.0.2.1', 'https://192.0.2.5', false],
    ['::1', 'https://[::1]:8443', true],
  ])('but for NO_PROXY=%s: to %s', (NO_PROXY, url, isDirect) => {
    const choice = proxyChoice('system', { HTTPS_PROXY: PROXY, NO_PROXY })!;
    expect(choice(new URL(url))?.href).toBe(isDirect ? undefined : PROXY);
  });
});

describe('a tunnel', () => {
  const opened: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close();
  });

  /** Grants tunnels to those who give the password, and keeps what it was asked. */
  async function proxyOf(password: string): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const sockets = new Set<Duplex>();
    const server: Server = createServer();
    server.on('connect', (request, socket) => {
      asked.push(`${request.method} ${request.url}`);
      sockets.add(socket);
      const given = Buffer.from(request.headers['proxy-authorization']?.slice(6) ?? '', 'base64').toString();
      if (given !== `user:${password}`) return void socket.end('HTTP/1.1 407 Who are you\r\n\r\n');
      const { hostname, port } = new URL(`http://${request.url}`);
      const onward = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 Fine\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      sockets.add(onward);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push({
      close: () => {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    });
    return { url: `http://user:p%40ss@127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  async function getThrough(proxy: string, beforeBytes?: () => void): Promise<[Exchange, string[]]> {
    const requests: string[] = [];
    const vendor = await startLoopbackVendor((request, response) => {
      requests.push(request.url ?? '');
      response.end('fine');
    }, LOOPBACK_TLS);
    const client = new VendorClient({ proxy, verifyTls: false }, {});
    opened.push(vendor, client);
    const exchange = await client.send(
      { method: 'GET', url: new URL(`${vendor.url}/items`), headers: {} },
      {
        once: true,
        writes: true,
        userAgent: 'test',
        timeoutMs: 5_000,
        maxResponseBytes: 1_000,
        signal: new AbortController().signal,
        beforeBytes,
      },
    );
    return [exchange, requests];
  }

  it('takes https through the proxy', async () => {
    const proxy = await proxyOf('p@ss');
    const [exchange, requests] = await getThrough(proxy.url);
    expect(exchange).toMatchObject({ status: 200, text: 'fine' });
    expect(requests).toEqual(['/items']);
    expect(proxy.asked).toEqual([expect.stringMatching(/^CONNECT 127\.0\.0\.1:\d+$/)]);
  });

  it('stands before the last question, whose refusal keeps the bytes back', async () => {
    const { url, asked } = await proxyOf('p@ss');
    const refusal = new Error('no');
    const [exchange, requests] = await getThrough(url, () => {
      expect(asked).toHaveLength(1);
      throw refusal;
    });
    expect(exchange).toMatchObject({ reason: 'aborted', refusal, mayHaveArrived: false });
    expect(requests).toEqual([]);
  });

  it.each<[string, (url: string) => string, string]>([
    [
      'refused',
      (url) => url.replace('p%40ss', 'wrong'),
      'the proxy did not let the connection through (ERR_PROXY_TUNNEL)',
    ],
    ['no http', () => 'socks5://127.0.0.1:1080', NO_SUCH_PROXY],
    ['not encoded', (url) => url.replace('p%40ss', 'p%ss'), NO_SUCH_PROXY],
  ])('that is %s sends nothing', async (_, proxy, detail) => {
    const { url } = await proxyOf('p@ss');
    const [exchange, requests] = await getThrough(proxy(url));
    expect(exchange).toMatchObject({ kind: 'broken', reason: 'unreachable', mayHaveArrived: false, detail });
    expect(requests).toEqual([]);
  });
});
