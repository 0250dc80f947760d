import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { RateLimitDialect } from '../simulator/rate-limit-answer.js';
import type { Simulator } from '../simulator/simulator.js';
import { createSimulator } from '../simulator/vendor-simulator.js';
import { allowedMethods } from './allowed-methods.js';
import { admit, endpointOf, tokenOf, type NetskopeEndpoint, type Privilege } from './token-gate.js';
import { addUrlListRoutes } from './url-list-routes.js';
import { UrlListStore, type NetskopeListSeed } from './url-list-store.js';
import { VendorRefusal, type RefusalShape } from './vendor-refusal.js';
import type { ListType } from './url-reading.js';

export interface NetskopeSimulatorOptions {
  /** The REST API v2 token that is let in. */
  token: string;
  /** Rights of the token; what is not named is `readWrite`. */
  privileges?: Partial<Record<NetskopeEndpoint, Privilege>>;
  /** Lists to start with. Default: none. */
  lists?: NetskopeListSeed[];
  limits?: {
    /** Entries over all lists. Default 300,000. */
    urlsPerTenant?: number;
    /** Entries over all regex lists. Default 1,000. */
    regexesPerTenant?: number;
    /** Bytes of a request body. Default 8 MiB. */
    bodyBytes?: number;
  };
  /** Default: no limit. The vendor's own: 4 requests a second and endpoint, `ratelimit-reset`. */
  rateLimit?: { requestsPerSecond: number; dialect: RateLimitDialect };
  /** How a 400 names the refused URLs. Default `message`. */
  refusalShape?: RefusalShape;
  /** Milliseconds that every request takes at least. Default 0. */
  latencyMs?: number;
  /** The vendor's clock. Default: the real one. */
  now?: () => Date;
}

export interface NetskopeListState {
  id: number;
  name: string;
  type: ListType;
  /** 1 while an edit waits for a deploy. */
  pending: 0 | 1;
  modifyType: 'Created' | 'Edited' | 'Deleted';
  /** As last edited. */
  urls: string[];
  /** What is in force; `null` for a list that was never applied. */
  appliedUrls: string[] | null;
}

export interface NetskopeState {
  lists: NetskopeListState[];
  /** How often somebody deployed. */
  deploys: number;
  /** Entries over all lists, as last edited. */
  urls: number;
}

/** A stand-in of a Netskope tenant's URL lists (REST API v2), kept in memory. */
export function createNetskopeSimulator(options: NetskopeSimulatorOptions): Simulator<NetskopeState> {
  const now = options.now ?? (() => new Date());
  const {
    urlsPerTenant = 300_000,
    regexesPerTenant = 1_000,
    bodyBytes = 8 * 1024 * 1024,
  } = options.limits ?? {};
  const startStore = () => new UrlListStore(options.lists ?? [], now);
  let store = startStore();

  function addRoutes(app: FastifyInstance): void {
    addWireRules(app);
    app.addHook('onRequest', async (request) => admit(request, options.token, options.privileges ?? {}));
    addUrlListRoutes(app, () => store, {
      limits: { urlsPerTenant, regexesPerTenant },
      refusalShape: options.refusalShape ?? 'message',
    });
  }

  return createSimulator(
    {
      addRoutes,
      state: () => stateOf(store),
      reset: () => {
        store = startStore();
      },
      secretsOf: (request) => [tokenOf(request) ?? ''].filter((token) => token !== ''),
      endpointOf: (path) => endpointOf(path) ?? path,
    },
    {
      maxBodyBytes: bodyBytes,
      now,
      ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
      ...(options.rateLimit === undefined ? {} : { rateLimit: options.rateLimit }),
    },
  );
}

/** Content types, methods, paths and error bodies as the vendor has them. */
function addWireRules(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string));
    } catch {
      done(new VendorRefusal(400, 'The body is not JSON'));
    }
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-request-id', randomUUID());
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const statusCode = error.statusCode ?? 500;
    const body = error instanceof VendorRefusal ? error.body : { statusCode, message: error.message };
    return reply.code(statusCode).send(body);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    const allowed = allowedMethods(path);
    const statusCode = allowed === undefined ? 404 : 405;
    if (allowed !== undefined) reply.header('allow', allowed.join(', '));
    return reply.code(statusCode).send({ statusCode, message: `Cannot ${request.method} ${path}` });
  });
}

function stateOf(store: UrlListStore): NetskopeState {
  const applied = new Map(store.list('applied').map((list) => [list.id, list]));
  const lists = store.list().map((list) => ({
    id: list.id,
    name: list.name,
    type: list.type,
    pending: list.pending,
    modifyType: list.modifyType,
    urls: list.urls.toArray(),
    appliedUrls: applied.get(list.id)?.urls.toArray() ?? null,
  }));
  return { lists, deploys: store.deploys, urls: store.countEntries() };
}
