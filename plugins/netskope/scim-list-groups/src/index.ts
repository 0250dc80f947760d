import { checkScimGroups, listUpTo, readScimGroups, type ScimGroup } from '@drover-plugins/netskope-client';
import { defineCommand } from '@drover/plugin-sdk';

interface Output {
  total: number;
  groups: ScimGroup[];
  nextIndex: number | null;
}

/** Lists groups, in as many requests as it takes. */
export default defineCommand<{ limit: number; startIndex: number }, Output>({
  testConnection: checkScimGroups,

  async run(input, context) {
    const { total, resources, nextIndex } = await listUpTo((page) => readScimGroups(context, page), input);
    return { total, groups: resources, nextIndex };
  },
});
