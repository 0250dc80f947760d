import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { noSuchUser, OktaRefusal } from './okta-refusal.js';
import { userJson } from './okta-user.js';
import { userPage } from './user-page.js';
import type { LifecycleAction, UserStore } from './user-store.js';

export const USERS_PATH = '/api/v1/users';
const ACTIONS: readonly LifecycleAction[] = ['suspend', 'unsuspend', 'deactivate', 'unlock'];

export interface UserRules {
  /** What a lifecycle call answers with its 200. */
  successBody: 'none' | 'object';
}

/** Reading users, one or page by page, and the four changes of their status. */
export function addUserRoutes(app: FastifyInstance, store: () => UserStore, rules: UserRules): void {
  app.get(USERS_PATH, async (request, reply) => {
    const query = request.query as Record<string, unknown>;
    const { users, after } = userPage(store().all(), query);
    const links = [linkTo(request, query, 'self')];
    if (after !== undefined) links.push(linkTo(request, { ...query, after }, 'next'));
    return reply.header('link', links).send(users.map((user) => userJson(user, baseUrlOf(request))));
  });

  app.get(`${USERS_PATH}/:userId`, async (request, reply) => {
    const user = store().find(userIdOf(request));
    return reply
      .header('etag', `W/"${user.changedAtMs}-${user.changes}"`)
      .send(userJson(user, baseUrlOf(request)));
  });

  for (const action of ACTIONS) {
    app.post(`${USERS_PATH}/:userId/lifecycle/${action}`, async (request, reply) => {
      checkQuery(action, request.query as Record<string, unknown>);
      store().act(userIdOf(request), action);
      return done(reply, rules);
    });
  }
}

function done(reply: FastifyReply, { successBody }: UserRules): FastifyReply {
  return successBody === 'none' ? reply.send() : reply.send({});
}

/** `sendEmail` of a deactivation is the only parameter there is. */
function checkQuery(action: LifecycleAction, query: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(query)) {
    const isKnown = action === 'deactivate' && name === 'sendEmail';
    if (!isKnown || !['true', 'false'].includes(String(value))) {
      throw new OktaRefusal('E0000001', { subject: name, causes: [`${name}: is not allowed here`] });
    }
  }
}

/** A user whose login has a slash cannot be named by it, however it is encoded. */
function userIdOf(request: FastifyRequest): string {
  const { userId } = request.params as { userId: string };
  if (userId.includes('/')) throw noSuchUser(userId);
  return userId;
}

function linkTo(request: FastifyRequest, query: Record<string, unknown>, relation: string): string {
  const parameters = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const search = parameters.size === 0 ? '' : `?${parameters}`;
  return `<${baseUrlOf(request)}${USERS_PATH}${search}>; rel="${relation}"`;
}

function baseUrlOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`;
}
