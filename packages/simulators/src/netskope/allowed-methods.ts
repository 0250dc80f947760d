import { HASH_LIST_PATH } from './file-profile-routes.js';
import { SCIM_GROUPS_PATH, SCIM_USERS_PATH } from './scim-routes.js';
import { DEPLOY_PATH, URL_LISTS_PATH } from './url-list-routes.js';
import { ANOMALIES_PATH, IMPACTS_PATH, SCORES_PATH } from './user-routes.js';

/** Paths by the methods that they have. */
const METHODS: readonly [RegExp, string[]][] = [
  [exactly(HASH_LIST_PATH), ['POST']],
  [exactly(SCORES_PATH), ['POST']],
  [exactly(IMPACTS_PATH), ['POST']],
  [exactly(`${ANOMALIES_PATH}/[^/]+`), ['GET']],
  [exactly(`${ANOMALIES_PATH}/[^/]+/allow`), ['POST']],
  [exactly(`(?:${SCIM_USERS_PATH}|${SCIM_GROUPS_PATH})`), ['GET', 'POST']],
  [exactly(`(?:${SCIM_USERS_PATH}|${SCIM_GROUPS_PATH})/[^/]+`), ['GET', 'PATCH', 'DELETE']],
  [exactly(DEPLOY_PATH), ['POST']],
  [exactly(URL_LISTS_PATH), ['GET', 'POST']],
  [exactly(`${URL_LISTS_PATH}/\\d+`), ['GET', 'PUT', 'DELETE']],
  [exactly(`${URL_LISTS_PATH}/\\d+/(?:append|replace)`), ['PATCH']],
];

/** The methods of a path that exists; `undefined` for one that does not. */
export function allowedMethods(path: string): string[] | undefined {
  return METHODS.find(([pattern]) => pattern.test(path))?.[1];
}

function exactly(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`);
}
