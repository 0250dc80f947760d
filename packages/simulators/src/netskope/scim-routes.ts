import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readGroup, readMemberPatch, readUser, readUserPatch } from './scim-bodies.js';
import { groupJson, listJson, userJson } from './scim-json.js';
import { readFilter, readSlice } from './scim-query.js';
import type { ScimStore } from './scim-store.js';

export const SCIM_USERS_PATH = '/api/v2/scim/Users';
export const SCIM_GROUPS_PATH = '/api/v2/scim/Groups';

export interface ScimRules {
  /** Most resources of one answer. */
  pageSize: number;
  /** Most members that one PATCH may name. */
  membersPerPatch: number;
  /** How a PATCH of a group is answered: 204 without a body, or 200 with one. Both are seen live. */
  patchAnswer: 'empty' | 'body';
}

const SCIM_JSON = 'application/scim+json;charset=utf-8';

export function addScimRoutes(app: FastifyInstance, store: () => ScimStore, rules: ScimRules): void {
  addUserRoutes(app, store, rules);
  addGroupRoutes(app, store, rules);
}

function addUserRoutes(app: FastifyInstance, store: () => ScimStore, { pageSize }: ScimRules): void {
  app.post(SCIM_USERS_PATH, async (request, reply) =>
    answer(reply.code(201), userJson(store().createUser(readUser(request.body)))),
  );

  app.get(SCIM_USERS_PATH, async (request, reply) => {
    const query = request.query as Record<string, unknown>;
    const test = readFilter(query, ['userName', 'externalId']);
    return answer(reply, listJson(store().users(readSlice(query, pageSize), test), userJson));
  });

  app.get(`${SCIM_USERS_PATH}/:id`, async (request, reply) =>
    answer(reply, userJson(store().user(idOf(request)))),
  );

  app.patch(`${SCIM_USERS_PATH}/:id`, async (request, reply) =>
    answer(reply, userJson(store().changeUser(idOf(request), readUserPatch(request.body)))),
  );

  app.delete(`${SCIM_USERS_PATH}/:id`, async (request, reply) => {
    store().removeUser(idOf(request));
    return reply.code(204).send();
  });
}

function addGroupRoutes(app: FastifyInstance, store: () => ScimStore, rules: ScimRules): void {
  app.post(SCIM_GROUPS_PATH, async (request, reply) =>
    answer(reply.code(201), groupJson(store().createGroup(readGroup(request.body)))),
  );

  app.get(SCIM_GROUPS_PATH, async (request, reply) => {
    const query = request.query as Record<string, unknown>;
    const test = readFilter(query, ['displayName', 'externalId']);
    return answer(reply, listJson(store().groups(readSlice(query, rules.pageSize), test), groupJson));
  });

  app.get(`${SCIM_GROUPS_PATH}/:id`, async (request, reply) =>
    answer(reply, groupJson(store().group(idOf(request)))),
  );

  app.patch(`${SCIM_GROUPS_PATH}/:id`, async (request, reply) => {
    const id = idOf(request);
    store().group(id);
    for (const { op, members } of readMemberPatch(request.body, rules.membersPerPatch)) {
      store().changeMembers(id, op, members);
    }
    if (rules.patchAnswer === 'empty') return reply.code(204).send();
    return answer(reply, { status: '204', description: 'PATCH Completed' });
  });

  app.delete(`${SCIM_GROUPS_PATH}/:id`, async (request, reply) => {
    store().removeGroup(idOf(request));
    return reply.code(204).send();
  });
}

function answer(reply: FastifyReply, body: object): FastifyReply {
  return reply.type(SCIM_JSON).serializer(JSON.stringify).send(body);
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}
