import {
  checkScimGroups,
  chosenMembers,
  createScimGroup,
  scimFault,
  type ScimGroup,
} from '@drover-plugins/netskope-client';
import { defineCommand } from '@drover/plugin-sdk';

interface Input {
  displayName: string;
  externalId?: string;
  members?: string[];
  userNames?: string[];
}

/** Creates a group, empty or with members. */
export default defineCommand<Input, ScimGroup>({
  testConnection: checkScimGroups,

  async run({ members, userNames, ...draft }, context) {
    const ids = await chosenMembers(context, { members, userNames });
    const reply = await createScimGroup(context, { ...draft, members: ids });
    if (!reply.isCreated) throw scimFault(`create the group ${draft.displayName}`, reply);
    return reply.group;
  },
});
