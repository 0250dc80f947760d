import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RateLimitDialect } from '../simulator/rate-limit-answer.js';
import type { WindowLimit } from '../simulator/request-window.js';
import type { Simulator } from '../simulator/simulator.js';
import type { StormOptions } from '../simulator/storm.js';
import { createSimulator, type RateLimit } from '../simulator/vendor-simulator.js';
import { allowedMethods } from './allowed-methods.js';
import { addFileProfileRoutes, HASH_LIST_PATH, v1TokenOf } from './file-profile-routes.js';
import {
  FileProfileStore,
  type FileProfileView,
  type NetskopeFileProfileSeed,
} from './file-profile-store.js';
import { addScimRoutes } from './scim-routes.js';
import {
  type ScimGroupSeed,
  type ScimGroupView,
  ScimStore,
  type ScimUser,
  type ScimUserSeed,
} from './scim-store.js';
import { ImpactStore, type NetskopeImpact } from './impact-store.js';
import { admit, endpointOf, tokenOf, type NetskopeEndpoint, type Privilege } from './token-gate.js';
import { addUrlListRoutes } from './url-list-routes.js';
import { UrlListStore, type NetskopeListSeed } from './url-list-store.js';
import type { ListType } from './url-reading.js';
import { addUserRoutes } from './user-routes.js';
import { type NetskopeUserSeed, UserStore } from './user-store.js';
import { VendorRefusal, type RefusalShape } from './vendor-refusal.js';

export interface NetskopeSimulatorOptions {
  /** The REST API v2 token that is let in. */
  token: string;
  /** Rights of the token; what is not named is `readWrite`. */
  privileges?: Partial<Record<NetskopeEndpoint, Privilege>>;
  /** The REST API v1 token that is let in. Default: `token`. */
  v1Token?: string;
  /** Lists to start with. Default: none. */
  lists?: NetskopeListSeed[];
  /** File profiles to start with. Default: none. */
  fileProfiles?: NetskopeFileProfileSeed[];
  /** Users with their scores. Default: none. */
  users?: NetskopeUserSeed[];
  /** What is answered for a user that nobody knows: an entry without scores, or nothing. Default `empty`. */
  unknownUsers?: 'empty' | 'missing';
  /** Users and groups that came by SCIM; they are others than `users`. */
  scim?: {
    /** Default: none. */
    users?: ScimUserSeed[];
    /** Default: none. */
    groups?: ScimGroupSeed[];
    /** How a PATCH of a group is answered: 204 without a body, or 200 with one. Default `empty`. */
    patchAnswer?: 'empty' | 'body';
  };
  limits?: {
    /** Entries over all lists. Default 300,000. */
    urlsPerTenant?: number;
    /** Entries over all regex lists. Default 1,000. */
    regexesPerTenant?: number;
    /** Bytes of a request body of the REST API v2. Default 8 MiB. */
    bodyBytes?: number;
    /** Bytes of the text of a hash list. Default 8 MiB. */
    hashListBytes?: number;
    /** Users whose scores are asked for in one call. Default 512. */
    usersPerCall?: number;
    /** Users or groups of one SCIM answer, whatever was asked for. Default 1,000. */
    scimPageSize?: number;
    /** Members that one PATCH of a group names. Default 5,000. */
    membersPerPatch?: number;
  };
  /** Of the REST API v2. Default: no limit. The vendor's own: 4 requests a second and endpoint, `ratelimit-reset`. */
  rateLimit?: { requestsPerSecond: number; dialect: RateLimitDialect };
  /** Of the REST API v1, told without a header. Default: no limit. The vendor's own: 24 requests in 5 s. */
  v1RateLimit?: WindowLimit;
  /** How a 400 names the refused URLs. Default `message`. */
  refusalShape?: RefusalShape;
  /** Milliseconds that every request takes at least. Default 0. */
  latencyMs?: number;
  /** Strikes requests at random from the start. Default: fair weather. */
  storm?: StormOptions;
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
  fileProfiles: FileProfileView[];
  users: NetskopeUserSeed[];
  /** Every impact that was ever taken, oldest first. */
  impacts: NetskopeImpact[];
  scim: { users: ScimUser[]; groups: ScimGroupView[]; writes: ScimStore['writes'] };
}

/** What a tenant holds. */
interface Tenant {
  lists: UrlListStore;
  profiles: FileProfileStore;
  users: UserStore;
  impacts: ImpactStore;
  scim: ScimStore;
}

const MEBIBYTE = 1024 * 1024;

/**
 * A stand-in of a Netskope tenant, kept in memory: URL lists, scores of users and impacts on them, users and groups by SCIM
 * (REST API v2), file profiles (REST API v1).
 */
export function createNetskopeSimulator(options: NetskopeSimulatorOptions): Simulator<NetskopeState> {
  const now = options.now ?? (() => new Date());
  let tenant = newTenant(options, now);
  return createSimulator(
    {
      addRoutes: (app) => addRoutes(app, () => tenant, options),
      state: () => stateOf(tenant),
      reset: () => {
        tenant = newTenant(options, now);
      },
      secretsOf,
      endpointOf: (path) => endpointOf(path) ?? path,
      rateLimitOf: (endpoint) => rateLimitOf(endpoint, options),
    },
    {
      maxBodyBytes: options.limits?.bodyBytes ?? 8 * MEBIBYTE,
      now,
      ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
      storm: options.storm,
    },
  );
}

function newTenant(options: NetskopeSimulatorOptions, now: () => Date): Tenant {
  return {
    lists: new UrlListStore(options.lists ?? [], now),
    profiles: new FileProfileStore(options.fileProfiles ?? []),
    users: new UserStore(options.users ?? []),
    impacts: new ImpactStore(now),
    scim: new ScimStore({ users: options.scim?.users ?? [], groups: options.scim?.groups ?? [] }, now),
  };
}

function addRoutes(app: FastifyInstance, tenant: () => Tenant, options: NetskopeSimulatorOptions): void {
  const {
    urlsPerTenant = 300_000,
    regexesPerTenant = 1_000,
    hashListBytes = 8 * MEBIBYTE,
    usersPerCall = 512,
    scimPageSize = 1_000,
    membersPerPatch = 5_000,
  } = options.limits ?? {};
  addWireRules(app);
  app.addHook('onRequest', async (request) => admit(request, options.token, options.privileges ?? {}));
  addUrlListRoutes(app, () => tenant().lists, {
    limits: { urlsPerTenant, regexesPerTenant },
    refusalShape: options.refusalShape ?? 'message',
  });
  addFileProfileRoutes(app, () => tenant().profiles, {
    token: options.v1Token ?? options.token,
    hashListBytes,
  });
  addUserRoutes(app, tenant, { usersPerCall, unknownUsers: options.unknownUsers ?? 'empty' });
  addScimRoutes(app, () => tenant().scim, {
    pageSize: scimPageSize,
    membersPerPatch,
    patchAnswer: options.scim?.patchAnswer ?? 'empty',
  });
}

function secretsOf(request: FastifyRequest): string[] {
  return [tokenOf(request), v1TokenOf(request)].filter((token) => token !== undefined).filter(Boolean);
}

function rateLimitOf(
  endpoint: string,
  { rateLimit, v1RateLimit }: NetskopeSimulatorOptions,
): RateLimit | undefined {
  if (endpoint === HASH_LIST_PATH) return v1RateLimit && { ...v1RateLimit, dialect: 'silent' };
  return rateLimit && { requests: rateLimit.requestsPerSecond, perMs: 1_000, dialect: rateLimit.dialect };
}

/** Content types, methods, paths and error bodies as the vendor has them. */
function addWireRules(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ['application/json', 'application/scim+json'],
    { parseAs: 'string' },
    (_request, body, done) => {
      try {
        done(null, body === '' ? undefined : JSON.parse(body as string));
      } catch {
        done(new VendorRefusal(400, 'The body is not JSON'));
      }
    },
  );
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

function stateOf({ lists, profiles, users, impacts, scim }: Tenant): NetskopeState {
  const applied = new Map(lists.list('applied').map((list) => [list.id, list]));
  return {
    lists: lists.list().map((list) => ({
      id: list.id,
      name: list.name,
      type: list.type,
      pending: list.pending,
      modifyType: list.modifyType,
      urls: list.urls.toArray(),
      appliedUrls: applied.get(list.id)?.urls.toArray() ?? null,
    })),
    deploys: lists.deploys,
    urls: lists.countEntries(),
    fileProfiles: profiles.view(),
    users: users.view(),
    impacts: impacts.list(),
    scim: { ...scim.view(), writes: { ...scim.writes } },
  };
}
