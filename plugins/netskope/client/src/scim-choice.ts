import { Fault } from '@drover/plugin-sdk';
import type { Netskope } from './netskope.js';
import { findScimGroup, readScimGroup, type ScimGroup } from './scim-groups.js';
import { lookUpScimUsers } from './scim-members.js';
import { findScimUser, readScimUser, readScimUsers, type ScimUser } from './scim-users.js';
import { equals, type ScimRefusal } from './scim.js';

// Calls: `readScimUser`, `listScimUsers`, `readScimGroup`, `listScimGroups`, as each function says.

export interface UserChoice {
  id?: string;
  userName?: string;
  externalId?: string;
}

export interface GroupChoice {
  id?: string;
  displayName?: string;
}

/** The one user that a document means (`readScimUser`, `listScimUsers`). Faults `INPUT_INVALID`, `SCIM_USER_NOT_FOUND`. */
export async function chosenUser(netskope: Netskope, choice: UserChoice): Promise<ScimUser> {
  const [field, value] = onlyOne({ id: choice.id, userName: choice.userName, externalId: choice.externalId });
  const user = await userBy(netskope, field, value);
  if (user !== undefined) return user;
  throw new Fault('SCIM_USER_NOT_FOUND', `Netskope has no SCIM user whose ${field} is "${value}".`, {
    path: `/${field}`,
  });
}

/** The one group that a document means (`readScimGroup`, `listScimGroups`). Faults `INPUT_INVALID`, `SCIM_GROUP_NOT_FOUND`. */
export async function chosenGroup(netskope: Netskope, choice: GroupChoice): Promise<ScimGroup> {
  const [field, value] = onlyOne({ id: choice.id, displayName: choice.displayName });
  const named = field === 'id' ? { id: value } : await findScimGroup(netskope, value);
  // A list may leave members out; a group read by its id does not.
  const group = named && (await readScimGroup(netskope, named.id));
  if (group !== undefined) return group;
  throw new Fault('SCIM_GROUP_NOT_FOUND', `Netskope has no SCIM group whose ${field} is "${value}".`, {
    path: `/${field}`,
  });
}

/** Ids of the users that a document names by id or by user name (`listScimUsers`), each once. Fault `SCIM_USER_NOT_FOUND`. */
export async function chosenMembers(
  netskope: Netskope,
  { members = [], userNames = [] }: { members?: readonly string[]; userNames?: readonly string[] },
): Promise<string[]> {
  const names = [...new Set(userNames.map((name) => name.toLowerCase()))];
  if (names.length === 0) return [...new Set(members)];
  const ids = await lookUpScimUsers(netskope, names);
  const missing = names.filter((name) => ids[name] === null);
  if (missing.length > 0) {
    const shown = missing.slice(0, 5).join(', ') + (missing.length > 5 ? ', …' : '');
    throw new Fault(
      'SCIM_USER_NOT_FOUND',
      `Netskope has no SCIM user for ${missing.length} of the names: ${shown}. Nothing was changed.`,
      { path: '/userNames' },
    );
  }
  return [...new Set([...members, ...names.map((name) => ids[name]!)])];
}

/** A request that SCIM refused, as the fault of a command. */
export function scimFault(what: string, { status, words }: ScimRefusal): Fault {
  const code = status === 409 ? 'SCIM_CONFLICT' : 'VENDOR_REFUSED';
  return new Fault(code, `Netskope refused (${status}) to ${what}: ${words}.`);
}

async function userBy(netskope: Netskope, field: string, value: string): Promise<ScimUser | undefined> {
  if (field === 'id') return readScimUser(netskope, value);
  if (field === 'userName') return findScimUser(netskope, { userName: value });
  return (await readScimUsers(netskope, { filter: equals('externalId', value) })).resources[0];
}

function onlyOne(choice: Record<string, string | undefined>): [field: string, value: string] {
  const given = Object.entries(choice).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const [first] = given;
  if (first !== undefined && given.length === 1) return first;
  throw new Fault('INPUT_INVALID', `Give exactly one of ${Object.keys(choice).join(', ')}.`, { path: '' });
}
