import {
  checkScimGroups,
  chosenMembers,
  editScimMembers,
  findScimGroup,
  groupMissing,
  type GroupChoice,
  type MemberOperation,
  type Netskope,
  scimFault,
} from '@drover-plugins/netskope-client';
import { defineCommand, Fault } from '@drover/plugin-sdk';

interface Input extends GroupChoice {
  operation: MemberOperation;
  members?: string[];
  userNames?: string[];
}

interface Output {
  id: string;
  operation: MemberOperation;
  members: string[];
}

/** Adds members to a group, removes them, or makes them its only ones. */
export default defineCommand<Input, Output>({
  testConnection: checkScimGroups,

  async run({ operation, members, userNames, ...choice }, context) {
    const ids = await chosenMembers(context, { members, userNames });
    if (ids.length === 0 && operation !== 'replace') {
      throw new Fault('INPUT_INVALID', `Name somebody to ${operation}, in members or userNames.`, {
        path: '/members',
      });
    }
    const groupId = await groupIdOf(context, choice);
    const reply = await editScimMembers(context, { groupId, operation, members: ids });
    if (!reply.isEdited) throw scimFault(`change the group ${groupId}`, reply);
    return { id: groupId, operation, members: ids };
  },
});

async function groupIdOf(netskope: Netskope, { id, displayName }: GroupChoice): Promise<string> {
  if ((id === undefined) === (displayName === undefined)) {
    throw new Fault('INPUT_INVALID', 'Give exactly one of id, displayName.', { path: '' });
  }
  if (id !== undefined) return id;
  const group = await findScimGroup(netskope, displayName!);
  if (group === undefined) throw groupMissing(displayName!);
  return group.id;
}
