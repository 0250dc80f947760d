import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Request, Response } from 'got';
import { type Breakage, breakageOf, type Seen } from './breakage.js';

/** What came of one request. */
export type Exchange =
  { kind: 'answer'; status: number; headers: Record<string, string>; text: string } | Breakage;

export interface ExchangeLimits {
  timeoutMs: number;
  maxResponseBytes: number;
  signal: AbortSignal;
  /** Asked when the connection stands, right before the first byte; throwing keeps all of them back. */
  beforeBytes?: (() => void) | undefined;
}

/** Node takes anything longer for 1 ms. */
const LONGEST_TIMER_MS = 2_147_483_647;
/** How long a request that is broken off is still listened to: an answer that has come to this machine already is better than a riddle. */
const LAST_LOOK_MS = 50;
/** Leaves a byte order mark out. */
const UTF_8 = new TextDecoder();

/**
 * Waits for what comes of a request that got sends. Never rejects: what got emits holds the request with its secrets and
 * stays in here. As a stream, since got's promise and its copies of the text cost as much again as the request.
 */
export function exchangeOver(stream: Request, limits: ExchangeLimits): Promise<Exchange> {
  return new Promise((resolve) => new ExchangeUnderWay(stream, limits, resolve));
}

class ExchangeUnderWay {
  readonly #stream: Request;
  readonly #limits: ExchangeLimits;
  readonly #resolve: (exchange: Exchange) => void;
  readonly #seen: Seen = { connected: false, tooLarge: false, timedOut: false, aborted: false };
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #lastLook: NodeJS.Timeout | undefined;
  #bytes = 0;
  #response: Response | undefined;

  constructor(stream: Request, limits: ExchangeLimits, resolve: (exchange: Exchange) => void) {
    this.#stream = stream;
    this.#limits = limits;
    this.#resolve = resolve;
    this.#timer = setTimeout(() => this.#stop('timedOut'), Math.min(limits.timeoutMs, LONGEST_TIMER_MS));
    limits.signal.addEventListener('abort', this.#onAbort, { once: true });
    stream.on('request', (request: ClientRequest) => this.#whenConnected(request));
    stream.on('response', (response: Response) => {
      this.#response = response;
      this.#keepWithin(Number(response.headers['content-length'] ?? 0));
    });
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#keepWithin((this.#bytes += chunk.length));
    });
    stream.on('end', () => this.#answer());
    stream.on('error', (error) => this.#settle(breakageOf(error, this.#seen)));
    if (limits.signal.aborted) this.#onAbort();
  }

  readonly #onAbort = (): void => {
    if (!this.#seen.connected) this.#stop('aborted');
    else this.#lastLook ??= setTimeout(() => this.#stop('aborted'), LAST_LOOK_MS);
  };

  #keepWithin(bytes: number): void {
    if (bytes > this.#limits.maxResponseBytes) this.#stop('tooLarge');
  }

  /** Destroying is what ends a download for sure: unpacking goes on after the last byte has come. */
  #stop(why: 'timedOut' | 'aborted' | 'tooLarge'): void {
    this.#seen[why] = true;
    this.#settle(breakageOf(undefined, this.#seen));
    this.#stream.destroy();
  }

  #answer(): void {
    const { statusCode: status, headers: given } = this.#response!;
    const headers: Record<string, string> = {};
    for (const name in given) {
      const value = given[name];
      if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#settle({ kind: 'answer', status, headers, text: UTF_8.decode(bytes) });
  }

  #settle(exchange: Exchange): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#lastLook);
    this.#limits.signal.removeEventListener('abort', this.#onAbort);
    this.#resolve(exchange);
  }

  /** Calls back when the request has a connection that stands, before a byte of it goes there. */
  #whenConnected(request: ClientRequest): void {
    const ready = request.protocol === 'https:' ? 'secureConnect' : 'connect';
    const onSocket = (socket: Socket): void => {
      if (!socket.connecting) this.#onConnected(request);
      else socket.once(ready, () => this.#onConnected(request));
    };
    if (request.socket) onSocket(request.socket);
    else request.once('socket', onSocket);
  }

  #onConnected(request: ClientRequest): void {
    try {
      this.#limits.beforeBytes?.();
      this.#seen.connected = true;
    } catch (refusal) {
      this.#seen.refusal = refusal;
      request.destroy();
      this.#settle(breakageOf(undefined, this.#seen));
      this.#stream.destroy();
    }
  }
}
