import { checkScimUsers, createScimUser, scimFault, type ScimUser } from '@drover-plugins/netskope-client';
import { defineCommand } from '@drover/plugin-sdk';

interface Input {
  userName: string;
  givenName?: string;
  familyName?: string;
  emails?: string[];
  externalId?: string;
  active: boolean;
}

/** Creates one SCIM user. */
export default defineCommand<Input, ScimUser>({
  testConnection: checkScimUsers,

  async run({ emails = [], ...fields }, context) {
    const reply = await createScimUser(context, { ...fields, emails });
    if (!reply.isCreated) throw scimFault(`create the user ${fields.userName}`, reply);
    return reply.user;
  },
});
