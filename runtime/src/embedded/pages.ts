import type { Page, PageRequest } from '@drover/model';

/** The largest page that a listing gives. */
const PAGE_SIZE = 1000;

/** The pages of a listing, one after the other. */
export async function* pagesOf<Item>(
  list: (request: PageRequest) => Promise<Page<Item>>,
): AsyncGenerator<Item[]> {
  let cursor: string | undefined;
  do {
    const page: Page<Item> = await list({ limit: PAGE_SIZE, cursor });
    if (page.data.length > 0) yield page.data;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

/** Pages of items as text: what stands before the first item, then a chunk a page. */
export async function* textOf<Item>(
  pages: AsyncIterable<Item[]>,
  { head, line }: { head?: string; line: (item: Item) => string },
): AsyncGenerator<string> {
  if (head !== undefined) yield head;
  for await (const page of pages) yield page.map(line).join('');
}
