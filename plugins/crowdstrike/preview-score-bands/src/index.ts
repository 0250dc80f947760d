import {
  type BandBounds,
  checkAccess,
  checkBands,
  type Crowdstrike,
  readUsers,
} from '@drover-plugins/crowdstrike-client';
import { defineCommand } from '@drover/plugin-sdk';
import { BandCount, type BandPreview } from './band-count.js';

interface Input extends BandBounds {
  maxUsers: number;
}

/** Counts how many users each band would hold. */
export default defineCommand<Input, BandPreview>({
  testConnection: checkAccess,

  async run({ maxUsers, ...bounds }, context) {
    checkBands(bounds);
    const count = new BandCount(bounds);
    const isComplete = await countUsers(context, { count, maxUsers });
    return count.preview(isComplete);
  },
});

/** Answers whether these were all. */
async function countUsers(
  crowdstrike: Crowdstrike,
  { count, maxUsers }: { count: BandCount; maxUsers: number },
): Promise<boolean> {
  let after: string | undefined;
  do {
    if (count.read >= maxUsers) return false;
    const page = await readUsers(crowdstrike, { after });
    for (const user of page.users) count.add(user);
    after = page.next;
  } while (after !== undefined);
  return true;
}
