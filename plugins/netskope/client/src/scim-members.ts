import type { Resolver } from '@drover/plugin-sdk';
import { type Netskope } from './netskope.js';
import { findScimUser, readScimUsers } from './scim-users.js';
import { scimPages } from './scim.js';

// Calls: `listScimUsers`.

/** Up to so many names are asked for one by one; for more the list of users is read, a thousand at a time. */
const MOST_SINGLE_LOOKUPS = 10;

/** An object that goes by several names, such as an address and its aliases. */
export interface Named {
  readonly value: string;
  readonly aliases: readonly string[];
}

/** The names under which an object may be a user, as keys for `lookUpScimUsers`. */
export function namesOf({ value, aliases }: Named): string[] {
  return [value, ...aliases].map((name) => name.toLowerCase());
}

/**
 * The ids of the users of these names, `null` for names that no user has. Names are lower case. Reading the list stops as
 * soon as every name is found.
 */
export async function lookUpScimUsers(
  netskope: Netskope,
  names: readonly string[],
): Promise<Record<string, string | null>> {
  const found: Record<string, string | null> = Object.fromEntries(names.map((name) => [name, null]));
  if (names.length <= MOST_SINGLE_LOOKUPS) {
    const users = await Promise.all(names.map((userName) => findScimUser(netskope, { userName })));
    users.forEach((user, index) => {
      if (user !== undefined) found[names[index]!] = user.id;
    });
    return found;
  }
  let missing = new Set(names).size;
  for await (const { resources } of scimPages((startIndex) => readScimUsers(netskope, { startIndex }))) {
    for (const { id, userName } of resources) {
      const name = userName.toLowerCase();
      if (found[name] !== null) continue;
      found[name] = id;
      missing -= 1;
    }
    if (missing === 0) break;
  }
  return found;
}

/** The first of an object's names that a user has. */
export function userIdOf(object: Named, ids: ReadonlyMap<string, string | null>): string | undefined {
  return namesOf(object)
    .map((name) => ids.get(name) ?? undefined)
    .find((id) => id !== undefined);
}

/** For `context.resolve('scimUserId', names)`: ids are looked up once for all objects that ask, and kept for five minutes. */
export const scimUserId: Resolver = {
  batch: 10_000,
  ttlMs: 5 * 60_000,
  load: (names, context) => lookUpScimUsers(context, names),
};
