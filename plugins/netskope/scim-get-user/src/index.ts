import { checkScimUsers, chosenUser, type ScimUser, type UserChoice } from '@drover-plugins/netskope-client';
import { defineCommand } from '@drover/plugin-sdk';

/** Reads one SCIM user. */
export default defineCommand<UserChoice, ScimUser>({
  testConnection: checkScimUsers,
  run: (choice, context) => chosenUser(context, choice),
});
