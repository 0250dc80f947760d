import type { TransportSettings } from '@drover/engine';
import { answerToRead, answerToWrite } from './answers.js';
import { type Exchange, type ExchangeLimits, exchangeOver } from './exchange.js';
import { contentTypeOf, type OutgoingRequest, serializeBody, streamedLength } from './outgoing-request.js';
import { proxyChoice, type ProxyEnvironment } from './proxies.js';
import { VendorPools } from './vendor-pools.js';

export interface SendOptions extends ExchangeLimits {
  /** A call that must not be sent twice: it never goes over a connection that has been idle for a while. */
  once: boolean;
  /** A call that changes something at the vendor. */
  writes: boolean;
  userAgent: string;
}

const ACCEPT = 'application/json, text/plain;q=0.9, */*;q=0.8';
/** What is unpacked. */
const ACCEPT_ENCODING = 'gzip, deflate, br, zstd';
const IDLE_MS = 30_000;
/**
 * A vendor closes idle connections, and a request that meets the closing gets no answer. For calls that must not be
 * repeated that would be a riddle for a person, so they take a connection only while it is fresh.
 */
const IDLE_BEFORE_ONCE_MS = 1_500;

/** The HTTP client of one connection, over undici's connections, with its proxy and TLS settings. Knows no secret. */
export class VendorClient {
  readonly #repeatable: VendorPools;
  readonly #once: VendorPools;

  constructor({ proxy, verifyTls }: TransportSettings, environment: ProxyEnvironment) {
    const proxyFor = proxyChoice(proxy, environment);
    this.#repeatable = new VendorPools({ idleMs: IDLE_MS, verifyTls, proxyFor });
    this.#once = new VendorPools({ idleMs: IDLE_BEFORE_ONCE_MS, verifyTls, proxyFor });
  }

  /** Sends once. Never rejects. */
  send(request: OutgoingRequest, options: SendOptions): Promise<Exchange> {
    const pools = options.once ? this.#once : this.#repeatable;
    const { method, url } = request;
    const body = request.body && serializeBody(request.body);
    const headers = wireHeaders(request, options.userAgent);
    const answer = options.writes ? answerToWrite : answerToRead;
    return exchangeOver(options, (wire) =>
      answer(() => wire.response(() => pools.dispatch({ url, method, headers, body }, wire))),
    );
  }

  /** Drops the connections; requests under way break off. */
  close(): void {
    this.#repeatable.close();
    this.#once.close();
  }

  /** Drops the connections that are idle now; those in use go with their request or once they have been idle for a while. */
  retire(): void {
    this.#repeatable.retire();
    this.#once.retire();
  }
}

function wireHeaders({ headers: given, body }: OutgoingRequest, userAgent: string): Record<string, string> {
  const headers: Record<string, string> = {
    accept: ACCEPT,
    'accept-encoding': ACCEPT_ENCODING,
    'user-agent': userAgent,
    ...given,
  };
  if (body === undefined) return headers;
  headers['content-type'] = contentTypeOf(body);
  const length = streamedLength(body);
  if (length !== undefined) headers['content-length'] = String(length);
  return headers;
}
