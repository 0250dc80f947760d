import { asRecord, parsedIfText, unreadable, wordsOf } from './netskope.js';

/** The media type of SCIM (RFC 7644 §3.1); Netskope takes plain JSON as well, and answers with either. */
export const SCIM_JSON = 'application/scim+json';
/** Most resources that one answer is asked for; the server may give fewer. */
export const SCIM_PAGE_SIZE = 1_000;

/** Why SCIM refused a request (RFC 7644 §3.12). */
export interface ScimRefusal {
  /** 400, 404 or 409: a call that comes here lists them under `handles`. */
  status: number;
  /** Such as `uniqueness` or `invalidValue`. */
  scimType?: string;
  /** For people; "no reason given" where SCIM gave none. */
  words: string;
}

/** One page of a list. */
export interface ScimPage<Resource> {
  resources: Resource[];
  /** Of all that match, as SCIM counts them. */
  total: number;
}

export function scimRefusalOf({ status, body }: { status: number; body: unknown }): ScimRefusal {
  const { detail, scimType, message, error } = asRecord(parsedIfText(body));
  const words = wordsOf(detail ?? message ?? error ?? '');
  return {
    status,
    ...(typeof scimType === 'string' ? { scimType } : {}),
    words: words === '' ? 'no reason given' : words,
  };
}

/** A filter for one value, the only kind that Netskope has: `userName eq "…"`. */
export function equals(attribute: string, value: string): string {
  return `${attribute} eq ${JSON.stringify(value)}`;
}

/** Fault `VENDOR_ANSWER_INVALID` (retryable) for what is no list of such resources. */
export function readScimPage<Resource>(
  body: unknown,
  read: (resource: Record<string, unknown>) => Resource | undefined,
): ScimPage<Resource> {
  const { Resources = [], totalResults } = asRecord(parsedIfText(body));
  if (!Array.isArray(Resources) || typeof totalResults !== 'number') {
    return unreadable('a list of SCIM resources', { retryable: true });
  }
  const resources = Resources.map((resource) => read(asRecord(resource)));
  if (!resources.every((resource) => resource !== undefined)) {
    return unreadable('a list of SCIM resources', { retryable: true });
  }
  return { resources, total: totalResults };
}

/**
 * Pages one after the other, until nothing comes or all have come. The next one starts after what was received, not after
 * what was asked for: a server that gives fewer at a time would have some skipped.
 */
export async function* scimPages<Resource>(
  readPage: (startIndex: number) => Promise<ScimPage<Resource>>,
  startIndex = 1,
): AsyncGenerator<ScimPage<Resource> & { nextIndex: number; isLast: boolean }> {
  for (let index = startIndex; ;) {
    const page = await readPage(index);
    index += page.resources.length;
    const isLast = page.resources.length === 0 || index > page.total;
    yield { ...page, nextIndex: index, isLast };
    if (isLast) return;
  }
}
