import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WindowLimit } from '../simulator/request-window.js';
import type { Simulator } from '../simulator/simulator.js';
import type { StormOptions } from '../simulator/storm.js';
import { createSimulator } from '../simulator/vendor-simulator.js';
import { OktaRefusal } from './okta-refusal.js';
import type { OktaUserSeed, OktaUserStatus } from './okta-user.js';
import { RateGate } from './rate-gate.js';
import { addUserRoutes, USERS_PATH } from './user-routes.js';
import { UserStore } from './user-store.js';

export interface OktaSimulatorOptions {
  /** The API token that is let in, shown as `Authorization: SSWS …`. */
  token: string;
  /** What the token's owner may do. Default `change`. */
  rights?: 'none' | 'read' | 'change';
  /** Login of the token's owner, who is a user as well. Default `api.owner@example.com`. */
  owner?: string;
  /** Users to start with, beside the owner. Default: none. */
  users?: readonly OktaUserSeed[];
  /** Milliseconds that a deactivation is under way, in which it shows as `transitioningToStatus`. Default 0. */
  deactivationMs?: number;
  /** What a change answers with its 200. Default `none`. */
  successBody?: 'none' | 'object';
  /** Requests per endpoint. Default: no limit. The vendor's own: about 600 in 60 s. */
  rateLimit?: WindowLimit;
  /** Most requests in work at once. Default: no limit. The vendor's own: 75, or 35 for a small org. */
  concurrentRequests?: number;
  /** Milliseconds that every request takes at least. Default 0. */
  latencyMs?: number;
  /** Strikes requests at random from the start. Default: fair weather. */
  storm?: StormOptions;
  /** The vendor's clock. Default: the real one. */
  now?: () => Date;
}

export interface OktaUserState {
  id: string;
  login: string;
  status: OktaUserStatus;
  /** True while a deactivation is under way. */
  isTransitioning: boolean;
  /** Status changes since the start. */
  changes: number;
}

export interface OktaState {
  /** The token's owner first. */
  users: OktaUserState[];
  byStatus: Partial<Record<OktaUserStatus, number>>;
}

const DEFAULT_OWNER = 'api.owner@example.com';
const MOST_BODY_BYTES = 64 * 1024;
const LIFECYCLE = /^\/api\/v1\/users\/[^/]+\/lifecycle\/([a-z]+)$/;

/** A stand-in of an Okta org, kept in memory: its users and the changes of their status. */
export function createOktaSimulator(options: OktaSimulatorOptions): Simulator<OktaState> {
  const now = options.now ?? (() => new Date());
  const gate = new RateGate(options, now);
  let store = newStore(options, now);
  return createSimulator(
    {
      addRoutes: (app) => addRoutes(app, { store: () => store, gate, options }),
      state: () => stateOf(store),
      reset: () => {
        store = newStore(options, now);
        gate.clear();
      },
      secretsOf: (request) => [tokenOf(request)].filter((token) => token !== undefined),
      endpointOf,
    },
    {
      maxBodyBytes: MOST_BODY_BYTES,
      now,
      ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
      storm: options.storm,
    },
  );
}

function newStore(options: OktaSimulatorOptions, now: () => Date): UserStore {
  const { users = [], owner = DEFAULT_OWNER, deactivationMs = 0 } = options;
  return new UserStore({ seeds: users, owner, deactivationMs, now });
}

interface Org {
  store: () => UserStore;
  gate: RateGate;
  options: OktaSimulatorOptions;
}

function addRoutes(app: FastifyInstance, { store, gate, options }: Org): void {
  addWireRules(app);
  gate.addTo(app, endpointOf);
  app.addHook('onRequest', async (request) => admit(request, options));
  addUserRoutes(app, store, { successBody: options.successBody ?? 'none' });
}

function admit(request: FastifyRequest, { token, rights = 'change' }: OktaSimulatorOptions): void {
  if (tokenOf(request) !== token) throw new OktaRefusal('E0000011');
  const isEnough = rights === 'change' || (rights === 'read' && request.method === 'GET');
  if (!isEnough) throw new OktaRefusal('E0000006');
}

function tokenOf(request: FastifyRequest): string | undefined {
  return /^SSWS (.+)$/.exec(request.headers.authorization ?? '')?.[1];
}

/** Whose budget a path takes from: the list, single users, and each change have their own. */
function endpointOf(path: string): string {
  if (path === USERS_PATH) return path;
  const action = LIFECYCLE.exec(path)?.[1];
  return action === undefined ? `${USERS_PATH}/{id}` : `${USERS_PATH}/{id}/lifecycle/${action}`;
}

function addWireRules(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string));
    } catch {
      done(new OktaRefusal('E0000003'));
    }
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-okta-request-id', randomUUID());
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const refusal = error instanceof OktaRefusal ? error : undefined;
    const status = refusal?.statusCode ?? error.statusCode ?? 500;
    const told = refusal ?? new OktaRefusal(status < 500 ? 'E0000003' : 'E0000009');
    return reply.code(status).send(told.body(`oae${randomUUID()}`));
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    const isKnown = path === USERS_PATH || /^\/api\/v1\/users\/[^/]+$/.test(path) || LIFECYCLE.test(path);
    const refusal = isKnown
      ? new OktaRefusal('E0000022')
      : new OktaRefusal('E0000007', { subject: `Resource not found: ${path}` });
    return reply.code(refusal.statusCode).send(refusal.body(`oae${randomUUID()}`));
  });
}

function stateOf(store: UserStore): OktaState {
  const byStatus: OktaState['byStatus'] = {};
  const users = store.all().map(({ id, login, status, deactivatedAtMs, changes }) => {
    byStatus[status] = (byStatus[status] ?? 0) + 1;
    return { id, login, status, isTransitioning: deactivatedAtMs !== undefined, changes };
  });
  return { users, byStatus };
}
