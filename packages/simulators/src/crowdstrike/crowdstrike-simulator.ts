import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { isControlPath } from '../simulator/control-path.js';
import type { Simulator } from '../simulator/simulator.js';
import type { StormOptions } from '../simulator/storm.js';
import { createSimulator } from '../simulator/vendor-simulator.js';
import { Cursors } from './cursor.js';
import { addGraphqlRoute, GRAPHQL_PATH } from './graphql-route.js';
import { PointsBudget, type PointsLimit } from './points-budget.js';
import { type TokenFigures, TokenOffice } from './token-office.js';
import {
  addTokenRoutes,
  type ApiClient,
  bearerOf,
  REVOKE_PATH,
  secretsOf,
  TOKEN_PATH,
} from './token-routes.js';
import { addUserControl } from './user-control.js';
import { UserBook } from './user-book.js';
import type { CrowdstrikeUser, CrowdstrikeUserSeed, UserChange } from './users.js';
import { refusalBody, VendorRefusal } from './vendor-refusal.js';

export interface CrowdstrikeSimulatorOptions {
  /** The API client that is let in. */
  client: ApiClient;
  /** Whether the client has the right to Identity Protection GraphQL. Default true. */
  mayQuery?: boolean;
  /** Default: none. */
  users?: readonly CrowdstrikeUserSeed[];
  /** Whether addresses are found in their own case only. Default false. */
  isCaseSensitive?: boolean;
  /** Seconds that a token lives. Default 1799. */
  tokenLifeS?: number;
  /** Seconds that a cursor lives. Default 3600. */
  cursorLifeS?: number;
  /** Most entities of a page. Default 1000. */
  maxPage?: number;
  /** Default: 500,000 in five minutes. A query costs one and one more for each entity. */
  points?: PointsLimit;
  /** Default 6000, the vendor's own. */
  requestsPerMinute?: number;
  /** The cloud that the header with a token names. Default `us-1`. */
  region?: string;
  /** Milliseconds that every request takes at least. Default 0. */
  latencyMs?: number;
  /** Faults at random, the same ones for the same seed. Default: none. */
  storm?: StormOptions;
  /** The vendor's clock. Default: the real one. */
  now?: () => Date;
}

export interface CrowdstrikeState {
  users: number;
  archived: number;
  withoutEmail: number;
  tokens: TokenFigures;
}

export interface CrowdstrikeSimulator extends Simulator<CrowdstrikeState> {
  users(): readonly CrowdstrikeUser[];
  /** Changes the user that has this address, as it is spelled. Answers whether there is one. */
  changeUser(address: string, change: UserChange): boolean;
  /** Every token that was issued is refused from now on. */
  revokeTokens(): void;
}

/** What a tenant holds. */
interface Tenant {
  users: UserBook;
  cursors: Cursors;
  points: PointsBudget;
  office: TokenOffice;
  maxPage: number;
}

const PATHS: readonly string[] = [GRAPHQL_PATH, TOKEN_PATH, REVOKE_PATH];
const MEBIBYTE = 1024 * 1024;

/** A stand-in of CrowdStrike Falcon Identity Protection, kept in memory: OAuth 2.0 tokens and the GraphQL of its entities. */
export function createCrowdstrikeSimulator(options: CrowdstrikeSimulatorOptions): CrowdstrikeSimulator {
  const now = options.now ?? (() => new Date());
  let tenant = newTenant(options, now);
  const changeUser = (address: string, change: UserChange) => tenant.users.change(address, change);
  const revokeTokens = () => tenant.office.revoke();
  const simulator = createSimulator<CrowdstrikeState>(
    {
      addRoutes: (app) => {
        addWireRules(app);
        addUserControl(app, { changeUser, revokeTokens });
        addGate(app, options, () => tenant);
        addTokenRoutes(app, {
          client: options.client,
          region: options.region ?? 'us-1',
          office: () => tenant.office,
        });
        addGraphqlRoute(app, () => tenant);
      },
      state: () => stateOf(tenant),
      reset: () => {
        tenant = newTenant(options, now);
      },
      secretsOf,
      endpointOf: () => 'all',
      rateLimitOf: () => ({
        requests: options.requestsPerMinute ?? 6_000,
        perMs: 60_000,
        dialect: 'crowdstrike',
      }),
    },
    {
      maxBodyBytes: MEBIBYTE,
      now,
      ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
      ...(options.storm === undefined ? {} : { storm: options.storm }),
    },
  );
  return { ...simulator, users: () => tenant.users.users, changeUser, revokeTokens };
}

function newTenant(options: CrowdstrikeSimulatorOptions, now: () => Date): Tenant {
  return {
    users: new UserBook(options.users ?? [], { isCaseSensitive: options.isCaseSensitive ?? false }),
    cursors: new Cursors((options.cursorLifeS ?? 3_600) * 1_000, now),
    points: new PointsBudget(options.points ?? { points: 500_000, perMs: 300_000 }, now),
    office: new TokenOffice(options.tokenLifeS ?? 1_799, now),
    maxPage: options.maxPage ?? 1_000,
  };
}

/** 401 for a token that is missing, unknown or has expired, 403 for a client without the right. */
function addGate(
  app: FastifyInstance,
  { mayQuery = true }: CrowdstrikeSimulatorOptions,
  tenant: () => Tenant,
): void {
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.url !== GRAPHQL_PATH) return;
    const token = bearerOf(request);
    if (token === undefined || !tenant().office.isLive(token)) {
      throw new VendorRefusal(401, 'access denied, invalid bearer token');
    }
    if (!mayQuery) throw new VendorRefusal(403, 'access denied, authorization failed');
  });
}

/** Content types, paths and error bodies as the vendor has them. */
function addWireRules(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string));
    } catch {
      done(new VendorRefusal(400, 'the body is not JSON'));
    }
  });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(body as string)),
  );
  app.addHook('onSend', async (request, reply) => {
    if (!isControlPath(request.url)) reply.header('x-cs-traceid', randomUUID());
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    return reply.code(status).send(refusalBody(status, error.message));
  });
  app.setNotFoundHandler((request, reply) => {
    const status = PATHS.includes(request.url.split('?', 1)[0]!) ? 405 : 404;
    return reply.code(status).send(refusalBody(status, `${request.method} ${request.url.split('?', 1)[0]}`));
  });
}

function stateOf({ users: { users }, office }: Tenant): CrowdstrikeState {
  return {
    users: users.length,
    archived: users.filter(({ archived }) => archived).length,
    withoutEmail: users.filter(({ emailAddresses }) => emailAddresses.length === 0).length,
    tokens: office.figures(),
  };
}
