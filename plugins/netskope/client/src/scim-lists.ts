import { SCIM_PAGE_SIZE, type ScimPage, scimPages } from './scim.js';

export interface Listing<Resource> {
  total: number;
  resources: Resource[];
  /** Where the next list starts; `null` after the last resource. */
  nextIndex: number | null;
}

/** Up to `limit` resources from a place on, in as many requests as it takes. */
export async function listUpTo<Resource>(
  readPage: (page: { startIndex: number; count: number }) => Promise<ScimPage<Resource>>,
  { limit, startIndex }: { limit: number; startIndex: number },
): Promise<Listing<Resource>> {
  const resources: Resource[] = [];
  const next = (index: number) =>
    readPage({ startIndex: index, count: Math.min(SCIM_PAGE_SIZE, limit - resources.length) });
  for await (const page of scimPages(next, startIndex)) {
    resources.push(...page.resources);
    const { total, nextIndex } = page;
    if (page.isLast) return { total, resources, nextIndex: null };
    if (resources.length >= limit) return { total, resources, nextIndex };
  }
  return { total: resources.length, resources, nextIndex: null };
}
