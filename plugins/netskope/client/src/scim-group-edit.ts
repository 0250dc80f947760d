import { Fault } from '@drover/plugin-sdk';
import type { Netskope } from './netskope.js';
import { editScimMembers, MAX_MEMBERS_PER_PATCH, type MemberOperation } from './scim-groups.js';

// Calls: `patchScimGroup`.

/** A member to change, with the objects that stand for it. */
export interface MemberChange {
  userId: string;
  objectIds: readonly string[];
}

/** Members that one PATCH changed, or that it refused with the reason. */
export interface ChangedMembers {
  changes: readonly MemberChange[];
  refusal?: string;
}

/**
 * Changes members in PATCHes of at most 5,000. A refused one concerns its members only, and the next goes on.
 * Fault `SCIM_GROUP_GONE` when the group was deleted meanwhile.
 */
export async function* changeMembers(
  netskope: Netskope,
  {
    groupId,
    operation,
    changes,
  }: {
    groupId: string;
    operation: Exclude<MemberOperation, 'replace'>;
    changes: readonly MemberChange[];
  },
): AsyncGenerator<ChangedMembers> {
  for (let start = 0; start < changes.length; start += MAX_MEMBERS_PER_PATCH) {
    const some = changes.slice(start, start + MAX_MEMBERS_PER_PATCH);
    const reply = await editScimMembers(netskope, {
      groupId,
      operation,
      members: some.map(({ userId }) => userId),
      covers: some.flatMap(({ objectIds }) => objectIds),
    });
    if (reply.isEdited) yield { changes: some };
    else if (reply.status === 404) throw groupGone(groupId);
    else yield { changes: some, refusal: reply.words };
  }
}

export function groupGone(groupId: string): Fault {
  return new Fault(
    'SCIM_GROUP_GONE',
    `Netskope has no SCIM group ${groupId} any more; run the action again once the group exists.`,
    { path: '/groupName' },
  );
}

export function groupMissing(groupName: string): Fault {
  return new Fault(
    'SCIM_GROUP_NOT_FOUND',
    `Netskope has no SCIM group "${groupName}"; correct groupName, or make the group with "Provision SCIM Group" first.`,
    { path: '/groupName' },
  );
}
