import { readUrlList, readUrlLists, type UrlListHead } from '@drover-plugins/netskope-client';
import { Fault } from '@drover/plugin-sdk';
import type { Context, Prepared } from './settings.js';

const MOST_NAMES_TOLD = 20;

/**
 * The list of the configured name, with its own type, as last edited (pending changes included: those are what an edit
 * builds on). Faults: `URL_LIST_NOT_FOUND`, `URL_LIST_AMBIGUOUS`.
 */
export async function findTargetList(context: Context): Promise<Prepared> {
  const head = pickList(await readUrlLists(context), context.config.urlListName);
  const { id, type } = await readUrlList(context, head.id);
  return { listId: id, type };
}

/** The one list of exactly this name. A list that is shown applied and pending is still one list. */
export function pickList(lists: readonly UrlListHead[], name: string): UrlListHead {
  const living = [
    ...new Map(lists.filter((list) => !list.isDeleted).map((list) => [list.id, list])).values(),
  ];
  const [found, ...others] = living.filter((list) => list.name === name);
  if (found === undefined) {
    throw new Fault(
      'URL_LIST_NOT_FOUND',
      `Netskope has no URL list named "${name}"; ${toldNames(living)}. Correct urlListName, or create the list.`,
      { path: '/urlListName' },
    );
  }
  if (others.length > 0) {
    const ids = [found, ...others].map((list) => list.id).join(', ');
    throw new Fault(
      'URL_LIST_AMBIGUOUS',
      `Netskope has ${others.length + 1} URL lists named "${name}" (ids ${ids}); rename all but one of them.`,
      { path: '/urlListName' },
    );
  }
  return found;
}

function toldNames(lists: readonly UrlListHead[]): string {
  if (lists.length === 0) return 'it has none at all';
  const names = lists.map((list) => `"${list.name}"`).toSorted();
  const more = names.length - MOST_NAMES_TOLD;
  return `it has ${names.slice(0, MOST_NAMES_TOLD).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
