import http from 'node:http';
import https from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { TransportSettings } from '@drover/engine';

/** Proxy variables of the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, or the same in lower case, which go first. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** Which proxy a request takes, if any. Throws `ERR_PROXY_INVALID_CONFIG` for what `parsedProxy` refuses. */
export type ProxyChoice = (url: URL) => URL | undefined;

/** A connection that does not stand yet. Dropped with a reason, since undici waits for what becomes of it. */
export interface Opening {
  destroy(reason: Error): unknown;
}

export type Connector = (options: buildConnector.Options, callback: buildConnector.Callback) => Opening;

export function proxyChoice(
  proxy: TransportSettings['proxy'],
  environment: ProxyEnvironment,
): ProxyChoice | undefined {
  if (proxy === 'none') return undefined;
  if (proxy !== 'system') return () => parsedProxy(proxy);
  const variable = (name: string): string =>
    environment[name.toLowerCase()] || environment[name.toUpperCase()] || '';
  const proxies: Record<string, string> = {
    'http:': variable('http_proxy'),
    'https:': variable('https_proxy'),
  };
  if (proxies['http:'] === '' && proxies['https:'] === '') return undefined;
  const exceptions = variable('no_proxy')
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');
  return (url) => {
    const chosen = proxies[url.protocol];
    if (!chosen || exceptions.some((entry) => isExcepted(url, entry))) return undefined;
    return parsedProxy(chosen);
  };
}

/** One entry of `NO_PROXY`: `*`, a host with or without its port, `.example.com`, `*.example.com` or `10.0.0.1-10.0.0.9`. */
function isExcepted({ hostname, port, protocol }: URL, entry: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (entry === '*' || entry === host || entry === hostname) return true;
  if (entry === `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`) return true;
  if (entry.startsWith('.')) return host.endsWith(entry) || host === entry.slice(1);
  if (entry.startsWith('*.')) return host.endsWith(entry.slice(1));
  const [from = '', to = ''] = entry.split('-');
  if (isIP(from) !== 4 || isIP(to) !== 4 || isIP(host) !== 4) return false;
  const asked = ipv4Number(host);
  return ipv4Number(from) <= asked && asked <= ipv4Number(to);
}

function ipv4Number(address: string): number {
  return address.split('.').reduce((number, byte) => number * 256 + Number(byte), 0);
}

/** An http or https URL, its user and password percent-encoded: a bare `%` in one of them would be sent as nobody meant it. */
function parsedProxy(text: string): URL {
  const proxy = URL.parse(text);
  if (proxy !== null && /^https?:$/.test(proxy.protocol) && hasReadableCredentials(proxy)) return proxy;
  throw Object.assign(new Error('A proxy has to be an http or https URL, percent-encoded.'), {
    code: 'ERR_PROXY_INVALID_CONFIG',
  });
}

function hasReadableCredentials(proxy: URL): boolean {
  try {
    proxyCredentials(proxy);
    return true;
  } catch {
    return false;
  }
}

/** What a proxy wants to know of who asks, from the user and password in its URL. */
export function proxyCredentials({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** Connects to a proxy that gets whole URLs: what is asked of it is for another host, whose name its certificate does not hold. */
export function forwardThrough(proxy: URL, open: Connector): Connector {
  return (options, callback) =>
    open({ ...options, servername: isIP(proxy.hostname) === 0 ? proxy.hostname : '' }, callback);
}

/** Connects to https hosts through a proxy: a tunnel (CONNECT), then `secure` within it. */
export function tunnelThrough(proxy: URL, secure: Connector): Connector {
  const { request } = proxy.protocol === 'https:' ? https : http;
  return (options, callback) => {
    const target = `${options.hostname.includes(':') ? `[${options.hostname}]` : options.hostname}:${options.port || '443'}`;
    const asked = request(proxy, {
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...proxyCredentials(proxy) },
      auth: null,
      agent: false,
    });
    let underWay: Opening = asked;
    asked.once('error', (error) => callback(error, null));
    asked.once('connect', ({ statusCode }, socket: Socket) => {
      if (statusCode === 200) underWay = secure({ ...options, httpSocket: socket }, callback);
      else {
        socket.destroy();
        callback(refusedBy(statusCode), null);
      }
    });
    asked.end();
    return { destroy: (reason) => underWay.destroy(reason) };
  };
}

function refusedBy(status: number | undefined): Error {
  return Object.assign(new Error(`The proxy answered ${status}.`), { code: 'ERR_PROXY_TUNNEL' });
}
