import { checkScimUsers, listUpTo, readScimUsers, type ScimUser } from '@drover-plugins/netskope-client';
import { defineCommand } from '@drover/plugin-sdk';

interface Output {
  total: number;
  users: ScimUser[];
  nextIndex: number | null;
}

/** Lists SCIM users, in as many requests as it takes. */
export default defineCommand<{ limit: number; startIndex: number }, Output>({
  testConnection: checkScimUsers,

  async run(input, context) {
    const { total, resources, nextIndex } = await listUpTo((page) => readScimUsers(context, page), input);
    return { total, users: resources, nextIndex };
  },
});
