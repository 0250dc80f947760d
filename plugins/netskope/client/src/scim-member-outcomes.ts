import { failed, type Outcome, type OutcomeReason, succeeded } from '@drover/plugin-sdk';
import type { ChangedMembers } from './scim-group-edit.js';

const ID_ATTRIBUTE = 'Netskope SCIM ID';

/** What an outcome writes back of a SCIM user. */
export function withScimId(id: string) {
  return { writeBack: { attributes: [{ name: ID_ATTRIBUTE, value: id }] } };
}

/** An object for which there is no SCIM user. */
export function noScimUser(value: string): OutcomeReason {
  const message = `Netskope has no SCIM user ${value}; make it with "Provision SCIM Users" first.`;
  return { code: 'NO_SCIM_USER', message };
}

export function alreadyMember(groupName: string): OutcomeReason {
  return { code: 'ALREADY_MEMBER', message: `The user is a member of "${groupName}" already.` };
}

/** The outcomes of all objects that stand for members of one request. */
export function memberOutcomes({ changes, refusal }: ChangedMembers): Outcome[] {
  return changes.flatMap(({ userId, objectIds }) =>
    objectIds.map((id) =>
      refusal === undefined ? succeeded({ id }, withScimId(userId)) : failed({ id }, refused(refusal)),
    ),
  );
}

function refused(words: string): OutcomeReason {
  return { code: 'MEMBERS_REFUSED', message: `Netskope refused the members of one request: ${words}.` };
}
