import { badBody, recordOf, textOf } from './body-record.js';
import { readLine, type ListType } from './url-reading.js';
import { refusedUrls, type RefusalShape } from './vendor-refusal.js';

export interface ListData {
  type: ListType;
  urls: string[];
}

/** The body of an append or replace: `{data: {type, urls}}`, and nothing else. */
export function readEditBody(body: unknown): ListData {
  return readData(recordOf(body, { keys: ['data'] })['data']);
}

/** The body of a create or update: `{name, data: {type, urls}}`, and nothing else. */
export function readListBody(body: unknown): ListData & { name: string } {
  const record = recordOf(body, { keys: ['name', 'data'] });
  return { name: textOf(record, 'name'), ...readData(record['data']) };
}

/** The entries that the lines make; all or nothing. */
export function readEntries({ type, urls }: ListData, shape: RefusalShape): string[] {
  const entries: string[] = [];
  const refused: [string, string][] = [];
  for (const url of urls) {
    const reading = readLine(url, type);
    if (reading.kind === 'entry') entries.push(reading.entry);
    if (reading.kind === 'refused') refused.push([url, reading.reason]);
  }
  if (refused.length > 0) throw refusedUrls(refused, shape);
  return entries;
}

function readData(data: unknown): ListData {
  const { type, urls } = recordOf(data, { what: 'data', keys: ['type', 'urls'] });
  if (type !== 'exact' && type !== 'regex') throw badBody('data.type must be one of: exact, regex');
  if (!Array.isArray(urls) || !urls.every((url) => typeof url === 'string')) {
    throw badBody('data.urls must be an array of strings');
  }
  if (urls.length === 0) throw badBody('data.urls should not be empty');
  return { type, urls };
}
