import type { FastifyRequest } from 'fastify';
import { HASH_LIST_PATH } from './file-profile-routes.js';
import { SCIM_GROUPS_PATH, SCIM_USERS_PATH } from './scim-routes.js';
import { DEPLOY_PATH, URL_LISTS_PATH } from './url-list-routes.js';
import { ANOMALIES_PATH, IMPACTS_PATH, SCORES_PATH } from './user-routes.js';
import { VendorRefusal } from './vendor-refusal.js';

/** An endpoint that a REST API v2 token is given rights to. */
export type NetskopeEndpoint =
  | typeof URL_LISTS_PATH
  | typeof DEPLOY_PATH
  | typeof SCORES_PATH
  | typeof IMPACTS_PATH
  | typeof ANOMALIES_PATH
  | typeof SCIM_USERS_PATH
  | typeof SCIM_GROUPS_PATH;
export type Privilege = 'none' | 'read' | 'readWrite';

/** The endpoint that a path belongs to, as tokens and rate limits count them. */
export function endpointOf(path: string): NetskopeEndpoint | undefined {
  if (path === DEPLOY_PATH || path === SCORES_PATH || path === IMPACTS_PATH) return path;
  return ([URL_LISTS_PATH, ANOMALIES_PATH, SCIM_USERS_PATH, SCIM_GROUPS_PATH] as const).find(
    (root) => path === root || path.startsWith(`${root}/`),
  );
}

/** What a request shows as its token: the vendor's own header, or a bearer token. */
export function tokenOf(request: FastifyRequest): string | undefined {
  const own = request.headers['netskope-api-token'];
  if (typeof own === 'string') return own;
  return /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
}

/** 401 for a missing or wrong token, 403 for one without the right to the endpoint. The REST API v1 looks itself. */
export function admit(
  request: FastifyRequest,
  token: string,
  privileges: Partial<Record<NetskopeEndpoint, Privilege>>,
): void {
  if (request.url.split('?', 1)[0] === HASH_LIST_PATH) return;
  if (tokenOf(request) !== token) throw new VendorRefusal(401, 'Unauthorized');
  const endpoint = endpointOf(request.routeOptions.url ?? '');
  if (endpoint === undefined) return;
  const held = privileges[endpoint] ?? 'readWrite';
  // Scores are asked for by POST, and reading is enough all the same.
  const reads = request.method === 'GET' || endpoint === SCORES_PATH;
  const enough = reads ? held !== 'none' : held === 'readWrite';
  if (!enough) throw new VendorRefusal(403, `The token has no privilege for ${request.method} ${endpoint}`);
}
