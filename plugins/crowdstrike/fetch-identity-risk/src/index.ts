import {
  type BandBounds,
  checkAccess,
  checkBands,
  CURSOR_EXPIRED,
  readUsers,
} from '@drover-plugins/crowdstrike-client';
import { defineFeed, type FeedContext, isFault } from '@drover/plugin-sdk';
import { placeAfter, placeOf, type Place, restarted } from './place.js';
import { toObjects } from './to-objects.js';

interface Config extends BandBounds {
  initialRangeDays: number;
}

/** Passes that may be begun anew in one pull because the vendor let go of a cursor. */
const MAX_RESTARTS = 3;

/** Brings every unarchived user that has an address, with the risk score. */
export default defineFeed<Config>({
  testConnection: checkAccess,

  async *pull(request, context) {
    checkBands(context.config);
    let place: Place | undefined = placeOf(request, context.config.initialRangeDays);
    for (let restarts = 0; place !== undefined;) {
      const page = await pageAt(place, context, restarts < MAX_RESTARTS);
      if (page === undefined) {
        restarts += 1;
        place = restarted(place);
        continue;
      }
      const next = placeAfter(place, page.next);
      yield {
        ...toObjects(page.users, context.config),
        checkpoint: { ...next },
        // The first pull may have left out older accounts: those it has not held are not missing.
        isComplete: next.after === null && place.createdSince === null,
      };
      place = next.after === null ? undefined : next;
    }
  },
});

/** The page at a place; `undefined` when its cursor is no longer taken and the pass has to begin anew. */
async function pageAt({ after, createdSince }: Place, context: FeedContext<Config>, mayRestart: boolean) {
  try {
    return await readUsers(context, { after: after ?? undefined, createdSince: createdSince ?? undefined });
  } catch (thrown) {
    const isExpired = isFault(thrown) && thrown.code === CURSOR_EXPIRED;
    if (!isExpired || after === null || !mayRestart) throw thrown;
    context.log.warn('The cursor has expired: the pass begins again with its first page.');
    return undefined;
  }
}
