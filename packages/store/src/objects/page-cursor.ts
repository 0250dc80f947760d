import { Fault, type PageRequest } from '@drover/model';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** The page's length, 1 to 1,000. Fault: `INVALID_ARGUMENT`. */
export function pageLimit({ limit = DEFAULT_LIMIT }: PageRequest): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new Fault('INVALID_ARGUMENT', `A page has 1 to ${MAX_LIMIT} entries, not ${limit}.`, {
    path: '/limit',
  });
}

/** Where the next page begins, as an opaque text. */
export function encodeCursor(afterSeq: number): string {
  return Buffer.from(`after:${afterSeq}`).toString('base64url');
}

/** What `encodeCursor` took; 0 without a cursor. Fault: `INVALID_ARGUMENT`. */
export function decodeCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const match = /^after:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match !== null) return Number(match[1]);
  throw new Fault('INVALID_ARGUMENT', 'The cursor is not one that a page gave; start again without it.', {
    path: '/cursor',
  });
}
