import http from 'node:http';
import https from 'node:https';
import got, { type Got } from 'got';
import type { TransportSettings } from '@drover/engine';
import { type Exchange, type ExchangeLimits, exchangeOver } from './exchange.js';
import { contentTypeOf, type OutgoingRequest, serializeBody, streamedLength } from './outgoing-request.js';

/** Proxy variables of the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, or the same in lower case. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

export interface SendOptions extends ExchangeLimits {
  /** A call that must not be sent twice: it never goes over a connection that has been idle for a while. */
  once: boolean;
  userAgent: string;
}

interface Agents {
  http: http.Agent;
  https: https.Agent;
}

const ACCEPT = 'application/json, text/plain;q=0.9, */*;q=0.8';
/** Most connections to one vendor at a time. */
const MAX_SOCKETS = 64;
const IDLE_MS = 30_000;
/**
 * A vendor closes idle connections, and a request that meets the closing gets no answer. For calls that must not be
 * repeated that would be a riddle for a person, so they take a connection only while it is fresh.
 */
const IDLE_BEFORE_ONCE_MS = 1_500;

/** The HTTP client of one connection: its proxy, its TLS settings, its sockets. Knows no secret. */
export class VendorClient {
  readonly #agents: http.Agent[];
  readonly #repeatable: Got;
  readonly #once: Got;

  constructor(transport: TransportSettings, environment: ProxyEnvironment) {
    const proxyEnv = proxyEnvironmentOf(transport.proxy, environment);
    const agentsFor = (idleMs: number): Agents => {
      const options = { keepAlive: true, maxSockets: MAX_SOCKETS, timeout: idleMs, proxyEnv };
      return {
        http: new http.Agent(options),
        https: new https.Agent({ ...options, rejectUnauthorized: transport.verifyTls }),
      };
    };
    const [forRepeatable, forOnce] = [agentsFor(IDLE_MS), agentsFor(IDLE_BEFORE_ONCE_MS)];
    this.#agents = [...Object.values(forRepeatable), ...Object.values(forOnce)];
    this.#repeatable = clientOver(forRepeatable);
    this.#once = clientOver(forOnce);
  }

  /** Sends once. Never rejects. */
  send(request: OutgoingRequest, options: SendOptions): Promise<Exchange> {
    const { method, url, body } = request;
    const stream = (options.once ? this.#once : this.#repeatable).stream(url, {
      method,
      headers: { accept: ACCEPT, 'user-agent': options.userAgent, ...wireHeaders(request) },
      ...(body === undefined ? {} : { body: serializeBody(body) }),
    });
    // Where a body may follow, got waits for it.
    if (body === undefined) stream.end();
    return exchangeOver(stream, options);
  }

  /** Drops the connections; requests under way break off. */
  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  /** Drops the connections that are idle now; those in use go once they have been idle for a while. */
  retire(): void {
    for (const agent of this.#agents) {
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    }
  }
}

/** Node's own request for got, which would hand it some forty options, most of them undefined, to be copied three times. */
function clientOver(agents: Agents): Got {
  return got.extend({
    agent: agents,
    // Each request gets copies of these lists.
    retry: { limit: 0, methods: [], statusCodes: [], errorCodes: [] },
    followRedirect: false,
    throwHttpErrors: false,
    request: (url, { method, headers }, onResponse) =>
      url.protocol === 'https:'
        ? https.request(url, { agent: agents.https, method, headers }, onResponse)
        : http.request(url, { agent: agents.http, method, headers }, onResponse),
  });
}

function wireHeaders(request: OutgoingRequest): Record<string, string> {
  if (request.body === undefined) return { ...request.headers };
  const length = streamedLength(request.body);
  return {
    ...request.headers,
    'content-type': contentTypeOf(request.body),
    ...(length === undefined ? {} : { 'content-length': String(length) }),
  };
}

function proxyEnvironmentOf(
  proxy: TransportSettings['proxy'],
  environment: ProxyEnvironment,
): NodeJS.ProcessEnv {
  if (proxy === 'none') return {};
  return proxy === 'system' ? { ...environment } : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
}
