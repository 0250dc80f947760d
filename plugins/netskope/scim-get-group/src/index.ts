import {
  checkScimGroups,
  chosenGroup,
  type GroupChoice,
  type ScimGroup,
} from '@drover-plugins/netskope-client';
import { defineCommand } from '@drover/plugin-sdk';

/** Reads one group with its members. */
export default defineCommand<GroupChoice, ScimGroup>({
  testConnection: checkScimGroups,
  run: (choice, context) => chosenGroup(context, choice),
});
