import type { FastifyInstance, FastifyRequest } from 'fastify';
import { badBody, integerOf, recordOf, textOf } from './body-record.js';
import type { ImpactRequest, ImpactStore, NetskopeImpact } from './impact-store.js';
import type { UserStore } from './user-store.js';
import { VendorRefusal } from './vendor-refusal.js';

export const SCORES_PATH = '/api/v2/incidents/uba/getuci';
export const IMPACTS_PATH = '/api/v2/incidents/user/uciimpact';
export const ANOMALIES_PATH = '/api/v2/incidents/anomalies';

export interface UserRules {
  /** Users of one `getuci`. */
  usersPerCall: number;
  /** What `getuci` says of a user that nobody knows: an entry without scores, or nothing. */
  unknownUsers: 'empty' | 'missing';
}

export interface UserStores {
  users: UserStore;
  impacts: ImpactStore;
}

const LARGEST_IMPACT = 1_000;
/** Earlier than this a time is one in seconds that was taken for milliseconds. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);

/** Scores of users, impacts on them, and the anomalies that impacts make. */
export function addUserRoutes(app: FastifyInstance, stores: () => UserStores, rules: UserRules): void {
  app.post(SCORES_PATH, async (request, reply) => {
    const { users, fromTime, cap } = readScoresBody(request.body, rules);
    const known = stores().users;
    const usersUci = users.flatMap((name) => {
      const found = known.confidences(name, { fromTime, cap });
      if (found !== undefined) return [found];
      return rules.unknownUsers === 'empty' ? [{ userId: name, confidences: [] }] : [];
    });
    return reply.send({ usersUci });
  });

  app.post(IMPACTS_PATH, async (request, reply) =>
    reply.send(impactAnswer(stores().impacts.add(readImpact(request.body)))),
  );

  app.get(`${ANOMALIES_PATH}/:id`, async (request, reply) => {
    const id = idOf(request);
    return reply.send(anomalyAnswer(stores().impacts.find(id) ?? noAnomaly(id)));
  });

  app.post(`${ANOMALIES_PATH}/:id/allow`, async (request, reply) => {
    const reason = textOf(recordOf(request.body, { keys: ['reason'] }), 'reason');
    const id = idOf(request);
    return reply.send(anomalyAnswer(stores().impacts.allow(id, reason) ?? noAnomaly(id)));
  });
}

const IMPACT_FIELDS = ['user', 'score', 'timestamp', 'source', 'reason'] as const;

function readScoresBody(
  body: unknown,
  { usersPerCall }: UserRules,
): { users: string[]; fromTime: number; cap: number } {
  const record = recordOf(body, { keys: ['users', 'fromTime'], optional: ['capPerUser'] });
  const { users } = record;
  if (!Array.isArray(users) || !users.every((user) => typeof user === 'string' && user !== '')) {
    throw badBody('users must be an array of strings');
  }
  if (users.length === 0) throw badBody('users should not be empty');
  if (users.length > usersPerCall) throw badBody(`users must hold no more than ${usersPerCall} elements`);
  const cap = 'capPerUser' in record ? integerOf(record, 'capPerUser') : Infinity;
  if (cap < 1) throw badBody('capPerUser must not be less than 1');
  return { users: users as string[], fromTime: integerOf(record, 'fromTime'), cap };
}

function readImpact(body: unknown): ImpactRequest {
  const record = recordOf(body, { keys: IMPACT_FIELDS });
  const user = textOf(record, 'user');
  if (!/^[^\s@]+@[^\s@]+$/.test(user)) throw badBody('user must be an email');
  const score = integerOf(record, 'score');
  if (score < 1 || score > LARGEST_IMPACT) throw badBody(`score must be from 1 to ${LARGEST_IMPACT}`);
  const timestamp = integerOf(record, 'timestamp');
  if (timestamp < EARLIEST_MS) throw badBody('timestamp must be in milliseconds');
  return { user, score, timestamp, source: textOf(record, 'source'), reason: textOf(record, 'reason') };
}

function impactAnswer(impact: NetskopeImpact): object {
  const { anomalyCreatedTime, anomalyId, reason, score, source, timestamp, user } = impact;
  return {
    activity: 'ActivityForUciImpactAPI',
    anomalyCreatedTime,
    anomalyId,
    eventId: anomalyId,
    reason,
    score,
    source,
    time: timestamp,
    user,
  };
}

function anomalyAnswer(impact: NetskopeImpact): object {
  const { allowed, reasonForAllowed } = impact;
  return {
    ...impactAnswer(impact),
    markAsAllowed: allowed,
    ...(reasonForAllowed === undefined ? {} : { reasonForAllowed }),
  };
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

function noAnomaly(id: string): never {
  throw new VendorRefusal(404, `Anomaly ${id} not found`);
}
