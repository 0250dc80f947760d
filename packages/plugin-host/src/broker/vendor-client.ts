import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import got, { type Got, type Progress, type Response } from 'got';
import type { TransportSettings } from '@drover/engine';
import { type Breakage, breakageOf, type Seen } from './breakage.js';
import { contentTypeOf, type OutgoingRequest, serializeBody, streamedLength } from './outgoing-request.js';

/** Proxy variables of the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, or the same in lower case. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** What came of one request. */
export type Exchange =
  { kind: 'answer'; status: number; headers: Record<string, string>; text: string } | Breakage;

export interface SendOptions {
  timeoutMs: number;
  maxResponseBytes: number;
  /** A call that must not be sent twice: it never goes over a connection that has been idle for a while. */
  once: boolean;
  userAgent: string;
  signal: AbortSignal;
  /** Asked when the connection stands, right before the first byte; throwing keeps all of them back. */
  beforeBytes?: (() => void) | undefined;
}

const ACCEPT = 'application/json, text/plain;q=0.9, */*;q=0.8';
/** Most connections to one vendor at a time. */
const MAX_SOCKETS = 64;
/** Node takes anything longer for 1 ms. */
const LONGEST_TIMER_MS = 2_147_483_647;
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
    const agentsFor = (idleMs: number) => {
      const options = { keepAlive: true, maxSockets: MAX_SOCKETS, timeout: idleMs, proxyEnv };
      return { http: new http.Agent(options), https: new https.Agent(options) };
    };
    const [forRepeatable, forOnce] = [agentsFor(IDLE_MS), agentsFor(IDLE_BEFORE_ONCE_MS)];
    this.#agents = [...Object.values(forRepeatable), ...Object.values(forOnce)];
    const lean = got.extend({
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      https: { rejectUnauthorized: transport.verifyTls },
    });
    this.#repeatable = lean.extend({ agent: forRepeatable });
    this.#once = lean.extend({ agent: forOnce });
  }

  /** Sends once. Never rejects; what got throws holds the request with its secrets and stays in here. */
  async send(request: OutgoingRequest, options: SendOptions): Promise<Exchange> {
    const seen: Seen = { connected: false, tooLarge: false, timedOut: false, aborted: false };
    // Aborting is what ends a download for sure: unpacking goes on after the last byte has come.
    const stop = new AbortController();
    const onAbort = () => stop.abort();
    options.signal.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(
      () => {
        seen.timedOut = true;
        stop.abort();
      },
      Math.min(options.timeoutMs, LONGEST_TIMER_MS),
    );
    const pending = (options.once ? this.#once : this.#repeatable)(request.url, {
      method: request.method,
      headers: { accept: ACCEPT, 'user-agent': options.userAgent, ...wireHeaders(request) },
      ...(request.body === undefined ? {} : { body: serializeBody(request.body) }),
      signal: stop.signal,
    });
    void pending.on('request', (sent: http.ClientRequest) =>
      whenConnected(sent, request.url, () => {
        try {
          options.beforeBytes?.();
          seen.connected = true;
        } catch (refusal) {
          seen.refusal = refusal;
          sent.destroy();
          stop.abort();
        }
      }),
    );
    void pending.on('downloadProgress', ({ transferred, total }: Progress) => {
      if (Math.max(transferred, total ?? 0) <= options.maxResponseBytes) return;
      seen.tooLarge = true;
      stop.abort();
    });
    try {
      const response = await pending;
      return seen.tooLarge ? breakageOf(undefined, seen) : answerOf(response);
    } catch (thrown) {
      return breakageOf(thrown, { ...seen, aborted: options.signal.aborted });
    } finally {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', onAbort);
    }
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

/** Calls back when the request has a connection that stands, before a byte of it goes there. */
function whenConnected(sent: http.ClientRequest, url: URL, then: () => void): void {
  const onSocket = (socket: Socket) => {
    if (!socket.connecting) then();
    else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', then);
  };
  if (sent.socket) onSocket(sent.socket);
  else sent.once('socket', onSocket);
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

function answerOf(response: Response<string>): Exchange {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { kind: 'answer', status: response.statusCode, headers, text: response.body };
}

function proxyEnvironmentOf(
  proxy: TransportSettings['proxy'],
  environment: ProxyEnvironment,
): NodeJS.ProcessEnv {
  if (proxy === 'none') return {};
  return proxy === 'system' ? { ...environment } : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
}
