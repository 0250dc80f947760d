import type { CallParams } from '@drover/plugin-sdk';
import { asRecord, type Netskope, parsedIfText, unreadable } from './netskope.js';
import {
  equals,
  readScimPage,
  SCIM_JSON,
  SCIM_PAGE_SIZE,
  type ScimPage,
  type ScimRefusal,
  scimRefusalOf,
} from './scim.js';

// Calls: `createScimUser`, `listScimUsers`, `readScimUser`.

const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User';

export interface ScimEmail {
  value: string;
  primary: boolean;
}

/** A user to create. */
export interface ScimUserDraft {
  /** The user principal name, unique in the tenant whatever its case. */
  userName: string;
  givenName?: string;
  familyName?: string;
  active: boolean;
  /** The first is the primary one. */
  emails: readonly string[];
  /** The user's id in the system that it comes from. */
  externalId?: string;
}

/** A user as SCIM shows it. */
export interface ScimUser {
  id: string;
  userName: string;
  givenName?: string;
  familyName?: string;
  active: boolean;
  emails: ScimEmail[];
  externalId?: string;
}

export type CreateUserReply = { isCreated: true; user: ScimUser } | ({ isCreated: false } & ScimRefusal);

/**
 * Creates a user. To send it twice is safe, since a second user of the name is refused with 409.
 * Fault `VENDOR_ANSWER_INVALID` (retryable) when the answer is no user.
 */
export async function createScimUser(
  netskope: Netskope,
  draft: ScimUserDraft,
  options: Pick<CallParams, 'covers'> = {},
): Promise<CreateUserReply> {
  const reply = await netskope.call('createScimUser', {
    json: toBody(draft),
    contentType: SCIM_JSON,
    ...options,
  });
  if (reply.status >= 400) return { isCreated: false, ...scimRefusalOf(reply) };
  return { isCreated: true, user: userOf(reply.body) ?? unreadable('a SCIM user', { retryable: true }) };
}

/** One page of all users, or of those that a filter finds. `startIndex` counts from 1. */
export async function readScimUsers(
  netskope: Netskope,
  query: { startIndex?: number; count?: number; filter?: string } = {},
): Promise<ScimPage<ScimUser>> {
  const { startIndex = 1, count = SCIM_PAGE_SIZE, filter } = query;
  const reply = await netskope.call('listScimUsers', { query: { startIndex, count, filter } });
  return readScimPage(reply.body, userOf);
}

/** The user of this name, else the one with this external id. */
export async function findScimUser(
  netskope: Netskope,
  { userName, externalId }: { userName: string; externalId?: string },
): Promise<ScimUser | undefined> {
  const named = await readScimUsers(netskope, { filter: equals('userName', userName) });
  const found = named.resources[0];
  if (found !== undefined || externalId === undefined) return found;
  const known = await readScimUsers(netskope, { filter: equals('externalId', externalId) });
  return known.resources[0];
}

/** `undefined` when there is no such user. */
export async function readScimUser(netskope: Netskope, userId: string): Promise<ScimUser | undefined> {
  const reply = await netskope.call('readScimUser', { params: { userId } });
  if (reply.status === 404) return undefined;
  return userOf(reply.body) ?? unreadable(`the SCIM user ${userId}`, { retryable: true });
}

function toBody({ userName, givenName, familyName, active, emails, externalId }: ScimUserDraft): object {
  return {
    schemas: [USER_SCHEMA],
    userName,
    name: { familyName, givenName },
    active,
    emails: emails.map((value, index) => ({ value, primary: index === 0 })),
    ...(externalId === undefined ? {} : { externalId }),
    meta: { resourceType: 'User' },
  };
}

function userOf(body: unknown): ScimUser | undefined {
  const { id, userName, name, active, emails, externalId } = asRecord(parsedIfText(body));
  if (typeof id !== 'string' || id === '' || typeof userName !== 'string') return undefined;
  const { givenName, familyName } = asRecord(name);
  return {
    id,
    userName,
    ...(typeof givenName === 'string' && givenName !== '' ? { givenName } : {}),
    ...(typeof familyName === 'string' && familyName !== '' ? { familyName } : {}),
    // A user whose state is not shown is one that nobody switched off.
    active: active !== false,
    emails: emailsOf(emails),
    ...(typeof externalId === 'string' && externalId !== '' ? { externalId } : {}),
  };
}

function emailsOf(emails: unknown): ScimEmail[] {
  if (!Array.isArray(emails)) return [];
  return emails.flatMap((email) => {
    const { value, primary } = asRecord(email);
    return typeof value === 'string' && value !== '' ? [{ value, primary: primary === true }] : [];
  });
}
