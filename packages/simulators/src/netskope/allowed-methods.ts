import { DEPLOY_PATH, URL_LISTS_PATH } from './url-list-routes.js';

/** The methods of a path that exists; `undefined` for one that does not. */
export function allowedMethods(path: string): string[] | undefined {
  if (path === DEPLOY_PATH) return ['POST'];
  if (path === URL_LISTS_PATH) return ['GET', 'POST'];
  if (!path.startsWith(`${URL_LISTS_PATH}/`)) return undefined;
  const rest = path.slice(URL_LISTS_PATH.length + 1);
  if (/^\d+$/.test(rest)) return ['GET', 'PUT', 'DELETE'];
  return /^\d+\/(?:append|replace)$/.test(rest) ? ['PATCH'] : undefined;
}
