import type { Dispatcher, Pool as VendorPool } from 'undici';
import connectorOf from 'undici/lib/core/connect.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import {
  type Connector,
  forwardThrough,
  type Opening,
  type ProxyChoice,
  proxyCredentials,
  tunnelThrough,
} from './proxies.js';
import type { WireRequest } from './wire-request.js';

/** Most connections to one vendor at a time. */
const MAX_SOCKETS = 64;
/** How much sooner a connection is dropped than the vendor says that it will. */
const BEFORE_VENDOR_MS = 1_000;

export interface PoolSettings {
  /** How long a connection may be idle and still be used. */
  idleMs: number;
  verifyTls: boolean;
  proxyFor: ProxyChoice | undefined;
}

export interface PooledRequest {
  url: URL;
  method: string;
  headers: Record<string, string>;
  body: string | AsyncIterable<Buffer> | undefined;
}

/**
 * The connections of one account, by origin: HTTP/1.1, one request at a time over each. Undici's own time limits are off,
 * since each request is given up by whoever waits for it; that also drops the connection that was being opened for it.
 */
export class VendorPools {
  readonly #settings: PoolSettings;
  readonly #direct: Connector;
  readonly #opening = new Set<Opening>();
  readonly #retired = new Set<VendorPool>();
  #pools = new Map<string, VendorPool>();
  #dispatching: WireRequest | undefined;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.#direct = connectorOf({ allowH2: false, timeout: 0, rejectUnauthorized: settings.verifyTls });
  }

  /** Throws `ERR_PROXY_INVALID_CONFIG`; whatever else goes wrong the request is told. */
  dispatch(request: PooledRequest, wire: WireRequest): void {
    const proxy = this.#settings.proxyFor?.(request.url);
    const pool = this.#poolFor(request.url, proxy);
    this.#dispatching = wire;
    try {
      pool.dispatch(optionsOf(request, proxy), wire);
    } finally {
      this.#dispatching = undefined;
    }
  }

  /** Drops the connections; requests under way break off. */
  close(): void {
    for (const pool of [...this.#pools.values(), ...this.#retired]) pool.destroy(null, nothing);
    for (const opening of this.#opening) opening.destroy(new Error('closed'));
  }

  /** Drops the connections that are idle now, and those in use after their request. */
  retire(): void {
    for (const pool of this.#pools.values()) {
      this.#retired.add(pool);
      pool.close(() => this.#retired.delete(pool));
    }
    this.#pools = new Map();
  }

  #poolFor(url: URL, proxy: URL | undefined): VendorPool {
    const isForwarded = isForward(url, proxy);
    const origin = isForwarded ? proxy.origin : url.origin;
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    const connect = isForwarded
      ? forwardThrough(proxy, connectorOf({ allowH2: false, timeout: 0 }))
      : proxy === undefined
        ? this.#direct
        : tunnelThrough(proxy, this.#direct);
    const { idleMs } = this.#settings;
    const pool = new Pool(origin, {
      connections: MAX_SOCKETS,
      pipelining: 1,
      useMilo: false,
      allowH2: false,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      keepAliveTimeoutThreshold: BEFORE_VENDOR_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: this.#watched(connect),
    });
    this.#pools.set(origin, pool);
    return pool;
  }

  #watched(connect: Connector): Connector {
    return (options, callback) => {
      const wire = this.#dispatching;
      const opening = connect(options, (...result) => {
        this.#opening.delete(opening);
        wire?.opening(undefined);
        callback(...result);
      });
      this.#opening.add(opening);
      wire?.opening((reason) => opening.destroy(reason));
      return opening;
    };
  }
}

/** Plain http goes through a proxy as a whole URL, https in a tunnel. */
function isForward(url: URL, proxy: URL | undefined): proxy is URL {
  return proxy !== undefined && url.protocol === 'http:';
}

function optionsOf(request: PooledRequest, proxy: URL | undefined): Dispatcher.DispatchOptions {
  const { url, headers } = request;
  // Undici takes whatever can be iterated, its types only streams.
  const body = request.body as string | undefined;
  const method = request.method as Dispatcher.HttpMethod;
  const path = url.pathname + url.search;
  if (!isForward(url, proxy)) return { method, path, headers, body };
  return {
    method,
    path: url.origin + path,
    headers: { ...headers, host: url.host, ...proxyCredentials(proxy) },
    body,
  };
}

function nothing(): void {}
