import { findUserByLogin, isPathReference, isUserId, type Okta } from '@drover-plugins/okta-client';
import type { PluginObject } from '@drover/plugin-sdk';

/**
 * What the object's user is called in a path: its value, unless Okta would not find it there or take it for somebody
 * else. Then it is the id among the object's aliases, or the one that Okta has for the login. `undefined`: Okta knows none.
 */
export async function userIdOf(object: PluginObject, okta: Okta): Promise<string | undefined> {
  if (isPathReference(object.value)) return object.value;
  const id = object.aliases.find(isUserId);
  return id ?? (await findUserByLogin(okta, object.value))?.id;
}
