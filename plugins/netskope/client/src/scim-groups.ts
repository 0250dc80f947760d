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

// Calls: `createScimGroup`, `listScimGroups`, `readScimGroup`, `patchScimGroup`.

const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** Most members that one PATCH names. */
export const MAX_MEMBERS_PER_PATCH = 5_000;

export interface ScimGroup {
  id: string;
  displayName: string;
  externalId?: string;
  /** Ids of its users. */
  members: string[];
}

export interface ScimGroupDraft {
  displayName: string;
  externalId?: string;
  /** Ids of users; at most 5,000. An empty group is created without the field. */
  members?: readonly string[];
}

export type MemberOperation = 'add' | 'remove' | 'replace';

export interface MemberEdit {
  groupId: string;
  operation: MemberOperation;
  /** Ids of users; at most 5,000. */
  members: readonly string[];
  /** Ids of the objects that the members stand for. */
  covers?: readonly string[];
}

export type CreateGroupReply = { isCreated: true; group: ScimGroup } | ({ isCreated: false } & ScimRefusal);
export type MemberReply = { isEdited: true } | ({ isEdited: false } & ScimRefusal);

/** Creates a group; a second one of the name is refused with 409. */
export async function createScimGroup(
  netskope: Netskope,
  { displayName, externalId, members = [] }: ScimGroupDraft,
): Promise<CreateGroupReply> {
  const json = {
    schemas: [GROUP_SCHEMA],
    displayName,
    ...(members.length === 0 ? {} : { members: members.map(toMember) }),
    ...(externalId === undefined ? {} : { externalId }),
    meta: { resourceType: 'Group' },
  };
  const reply = await netskope.call('createScimGroup', { json, contentType: SCIM_JSON });
  if (reply.status >= 400) return { isCreated: false, ...scimRefusalOf(reply) };
  const group = groupOf(asRecord(parsedIfText(reply.body)));
  return { isCreated: true, group: group ?? unreadable('a SCIM group', { retryable: true }) };
}

/** One page of all groups, or of those that a filter finds. `startIndex` counts from 1. */
export async function readScimGroups(
  netskope: Netskope,
  query: { startIndex?: number; count?: number; filter?: string } = {},
): Promise<ScimPage<ScimGroup>> {
  const { startIndex = 1, count = SCIM_PAGE_SIZE, filter } = query;
  const reply = await netskope.call('listScimGroups', { query: { startIndex, count, filter } });
  return readScimPage(reply.body, groupOf);
}

export async function findScimGroup(netskope: Netskope, displayName: string): Promise<ScimGroup | undefined> {
  const { resources } = await readScimGroups(netskope, { filter: equals('displayName', displayName) });
  return resources[0];
}

/** `undefined` when there is no such group. */
export async function readScimGroup(netskope: Netskope, groupId: string): Promise<ScimGroup | undefined> {
  const reply = await netskope.call('readScimGroup', { params: { groupId } });
  if (reply.status === 404) return undefined;
  const group = groupOf(asRecord(parsedIfText(reply.body)));
  return group ?? unreadable(`the SCIM group ${groupId}`, { retryable: true });
}

/**
 * Adds, removes or exchanges members, all of them or none. Netskope answers 204 without a body or 200 with one; both mean
 * that it is done. Repeating it changes nothing more. Fault `VENDOR_ANSWER_INVALID` (retryable) for a body that tells no success.
 */
export async function editScimMembers(
  netskope: Netskope,
  { groupId, operation, members, covers }: MemberEdit,
): Promise<MemberReply> {
  const reply = await netskope.call('patchScimGroup', {
    params: { groupId },
    json: {
      schemas: [PATCH_SCHEMA],
      Operations: [{ op: operation, path: 'members', value: members.map(toMember) }],
    },
    contentType: SCIM_JSON,
    ...(covers === undefined ? {} : { covers }),
  });
  if (reply.status >= 400) return { isEdited: false, ...scimRefusalOf(reply) };
  if (isAccepted(reply.body, groupId)) return { isEdited: true };
  return unreadable('an accepted change of members', { retryable: true });
}

/** Nothing, the group, or a success told in words: all are seen. A sign-in page or an error under 200 is none. */
function isAccepted(answer: unknown, groupId: string): boolean {
  if (answer === undefined || answer === null || answer === '') return true;
  const { id, status } = asRecord(parsedIfText(answer));
  return id === groupId || /^2\d\d$/.test(String(status));
}

/** One object a member, each with one `value`. */
function toMember(value: string): { value: string } {
  return { value };
}

function groupOf(body: Record<string, unknown>): ScimGroup | undefined {
  const { id, displayName, externalId, members = [] } = body;
  if (typeof id !== 'string' || id === '' || typeof displayName !== 'string' || !Array.isArray(members)) {
    return undefined;
  }
  return {
    id,
    displayName,
    ...(typeof externalId === 'string' && externalId !== '' ? { externalId } : {}),
    members: members.flatMap((member) => {
      const { value } = asRecord(member);
      return typeof value === 'string' && value !== '' ? [value] : [];
    }),
  };
}
