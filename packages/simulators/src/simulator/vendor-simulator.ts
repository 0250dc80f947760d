import { setTimeout as delay } from 'node:timers/promises';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { addControlPath, isControlPath } from './control-path.js';
import { editedEntries, type EntryEdit } from './edited-entries.js';
import { FaultBook } from './fault-book.js';
import type { FaultOrder } from './fault-order.js';
import { LAZY_SCHEMAS } from './lazy-schemas.js';
import { namedPlugin } from './named-plugin.js';
import { rateLimitAnswer, type RateLimitDialect, remainingHeaders } from './rate-limit-answer.js';
import { RequestLog } from './request-log.js';
import { RequestWindow, type WindowLimit } from './request-window.js';
import type { Simulator } from './simulator.js';
import { spoiltAnswer, type SpoiltAnswer } from './spoilt-answer.js';
import { Storm, type StormOptions } from './storm.js';

/** What a vendor brings: its routes and what it keeps. */
export interface VendorPart<State> {
  addRoutes(app: FastifyInstance): void;
  state(): State;
  reset(): void;
  /** Secrets that a request shows, for `echoToken`. */
  secretsOf(request: FastifyRequest): string[];
  /** The endpoint whose rate limit a path shares. */
  endpointOf(path: string): string;
  /** The vendor's own limit for an endpoint; without it there is none. */
  rateLimitOf?(endpoint: string): RateLimit | undefined;
}

export interface RateLimit extends WindowLimit {
  dialect: RateLimitDialect;
}

export interface SimulatorOptions {
  /** Milliseconds that every vendor request takes at least. Default 0. */
  latencyMs?: number;
  /** Most bytes of a request body, unless a route allows more. */
  maxBodyBytes: number;
  /** The weather at the start, which a reset brings back. Default: none. */
  storm?: StormOptions | undefined;
  now: () => Date;
}

/** Puts a vendor's routes behind faults to order, a request log, latency and a rate limit. */
export function createSimulator<State>(
  vendor: VendorPart<State>,
  options: SimulatorOptions,
): Simulator<State> {
  const app = Fastify({
    forceCloseConnections: true,
    bodyLimit: options.maxBodyBytes,
    schemaController: LAZY_SCHEMAS,
  });
  const closing = new AbortController();
  const book = new FaultBook();
  const log = new RequestLog();
  const window = new RequestWindow(options.now);
  const weather: Weather = { storm: stormOf(options.storm) };
  const simulator: Simulator<State> = {
    listen: (port = 0) => app.listen({ host: '127.0.0.1', port }),
    close: () => {
      app.server.closeAllConnections();
      closing.abort();
      return app.close();
    },
    state: () => vendor.state(),
    order: (fault) => book.order(fault),
    storm: (storm) => {
      weather.storm = stormOf(storm);
    },
    requests: () => log.figures(),
    reset: () => {
      vendor.reset();
      book.clear();
      weather.storm = stormOf(options.storm);
      log.clear();
      window.clear();
    },
  };
  addControlPath(app, simulator, book);
  addGates(app, { vendor, options, book, weather, log, window, closing: closing.signal });
  app.register(namedPlugin('vendor', async (scope) => vendor.addRoutes(scope)));
  return simulator;
}

/** What strikes requests that nobody ordered anything for. */
interface Weather {
  storm: Storm | undefined;
}

function stormOf(options: StormOptions | undefined): Storm | undefined {
  return options === undefined ? undefined : new Storm(options);
}

interface Gates {
  vendor: Pick<VendorPart<unknown>, 'secretsOf' | 'endpointOf' | 'rateLimitOf'>;
  options: SimulatorOptions;
  book: FaultBook;
  weather: Weather;
  log: RequestLog;
  window: RequestWindow;
  closing: AbortSignal;
}

function addGates(app: FastifyInstance, gates: Gates): void {
  const afterwards = new WeakMap<FastifyRequest, FaultOrder>();

  app.addHook('onRequest', async (request, reply) => {
    const path = pathOf(request);
    if (isControlPath(path)) return;
    note(request, reply, gates);
    if (gates.options.latencyMs) await held(gates.options.latencyMs, gates.closing);
    const order = gates.book.take(request.method, path) ?? gates.weather.storm?.next();
    if (order?.when === 'after') afterwards.set(request, order);
    else if (order !== undefined) {
      const answer = await strike(order, request, gates);
      if (answer === 'dropped') return reply.hijack();
      if (answer !== undefined) return send(reply, answer);
    }
    const tooMany = overLimit(path, gates);
    if (tooMany !== undefined) return send(reply, tooMany);
    reply.headers(leftOf(path, gates));
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const order = afterwards.get(request);
    if (order === undefined) return payload;
    if (order.effect.kind === 'entries') return edited(reply, payload, order.effect.edit);
    const answer = await strike(order, request, gates);
    if (answer === undefined || answer === 'dropped') return payload;
    reply.code(answer.status).headers(answer.headers).removeHeader('content-length');
    return answer.payload;
  });
}

function note(request: FastifyRequest, reply: FastifyReply, { log, options }: Gates): void {
  const { method } = request;
  const path = pathOf(request);
  const end = log.begin(
    { at: options.now().toISOString(), method, path },
    request.routeOptions.url ?? '(no route)',
  );
  reply.raw.once('finish', () => end(reply.raw.statusCode));
  reply.raw.once('close', () => end());
}

/** Lets a fault happen: held back, dropped, or with an answer in the place of the vendor's. */
async function strike(
  order: FaultOrder,
  request: FastifyRequest,
  gates: Gates,
): Promise<SpoiltAnswer | 'dropped' | undefined> {
  const { effect } = order;
  if (effect.kind === 'entries') return undefined;
  if (effect.kind === 'delay') {
    await held(effect.delayMs, gates.closing);
    return undefined;
  }
  if (effect.kind === 'drop') {
    request.raw.socket.destroy();
    return 'dropped';
  }
  return spoiltAnswer(effect, {
    now: gates.options.now(),
    limit: limitOf(pathOf(request), gates.vendor)?.requests ?? 0,
    secrets: gates.vendor.secretsOf(request),
  });
}

function edited(reply: FastifyReply, payload: unknown, edit: EntryEdit): unknown {
  if (typeof payload !== 'string') return payload;
  reply.removeHeader('content-length');
  return editedEntries(payload, edit);
}

function limitOf(path: string, vendor: Gates['vendor']): RateLimit | undefined {
  return vendor.rateLimitOf?.(vendor.endpointOf(path));
}

function overLimit(path: string, { options, window, vendor }: Gates): SpoiltAnswer | undefined {
  const limit = limitOf(path, vendor);
  if (limit === undefined) return undefined;
  const waitSeconds = window.take(vendor.endpointOf(path), limit);
  if (waitSeconds === 0) return undefined;
  const { dialect, requests } = limit;
  const { headers, body } = rateLimitAnswer(dialect, { waitSeconds, limit: requests, now: options.now() });
  return {
    status: 429,
    headers: { ...headers, 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  };
}

function leftOf(path: string, { window, vendor }: Gates): Record<string, string> {
  const limit = limitOf(path, vendor);
  if (limit === undefined) return {};
  const left = window.left(vendor.endpointOf(path), limit);
  return remainingHeaders(limit.dialect, { limit: limit.requests, left });
}

function send(reply: FastifyReply, answer: SpoiltAnswer): FastifyReply {
  return reply.code(answer.status).headers(answer.headers).send(answer.payload);
}

/** Waits; a simulator that closes ends the wait at once. */
async function held(delayMs: number, closing: AbortSignal): Promise<void> {
  await delay(delayMs, undefined, { signal: closing }).catch(() => undefined);
}

function pathOf(request: FastifyRequest): string {
  const query = request.url.indexOf('?');
  return query === -1 ? request.url : request.url.slice(0, query);
}
