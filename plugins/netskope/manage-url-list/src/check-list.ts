import { missingEntries, readUrlList, type UrlList } from '@drover-plugins/netskope-client';
import { Fault, type OutcomeCounts } from '@drover/plugin-sdk';
import { recallSent } from './sent-sample.js';
import { clearsList, type RunContext } from './settings.js';

/**
 * Reads the list back and looks whether it bears out what the run claims. Faults: `URL_LIST_NOT_FOUND` (deleted
 * meanwhile), `URL_LIST_LOST_ENTRIES`, `URL_LIST_NOT_CLEARED`.
 */
export async function checkList(context: RunContext, counts: OutcomeCounts): Promise<void> {
  const checksClearing = clearsList(context) && context.run.pass.isFirstSlice;
  if (counts.succeeded + counts.rejected === 0) return;
  if (counts.succeeded === 0 && !checksClearing) return;
  const list = await readUrlList(context, context.prepared.listId);
  const urls = urlsOf(list);
  checkEntries(list, urls, await recallSent(context), counts);
  if (checksClearing) checkCleared(list, urls, counts);
}

function urlsOf(list: UrlList): readonly string[] {
  if (list.isDeleted) {
    throw new Fault(
      'URL_LIST_NOT_FOUND',
      `The URL list "${list.name}" was deleted during the run; create it again.`,
    );
  }
  return list.urls ?? [];
}

function checkEntries(
  list: UrlList,
  urls: readonly string[],
  sent: readonly string[],
  counts: OutcomeCounts,
): void {
  const missing = missingEntries(sent, urls);
  if (missing.length === 0 && (counts.succeeded === 0 || urls.length > 0)) return;
  const found =
    sent.length === 0
      ? 'it is empty'
      : `${missing.length} of the ${sent.length} entries looked for are not in it, such as ${missing[0]}`;
  throw new Fault(
    'URL_LIST_LOST_ENTRIES',
    `The URL list "${list.name}" does not hold what this run put into it: ${found}. Somebody else changed it meanwhile; run the action again.`,
  );
}

/**
 * After clearing, every entry of the list is one that succeeded, or one of a call that failed after it was sent. Objects
 * may share entries, so there may be fewer.
 */
function checkCleared(list: UrlList, urls: readonly string[], counts: OutcomeCounts): void {
  if (urls.length <= counts.succeeded + counts.failed + counts.unknown) return;
  throw new Fault(
    'URL_LIST_NOT_CLEARED',
    `The URL list "${list.name}" holds ${urls.length} entries after this run put ${counts.succeeded} objects in their place: it was not cleared, since a list cannot be empty and the first batch had nothing that could be sent, or somebody else added entries meanwhile.`,
  );
}
