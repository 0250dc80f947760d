import { readLine, type ListType } from './url-reading.js';
import { refusedUrls, VendorRefusal, type RefusalShape } from './vendor-refusal.js';

export interface ListData {
  type: ListType;
  urls: string[];
}

/** The body of an append or replace: `{data: {type, urls}}`, and nothing else. */
export function readEditBody(body: unknown): ListData {
  return readData(recordOf(body, ['data'], 'body')['data']);
}

/** The body of a create or update: `{name, data: {type, urls}}`, and nothing else. */
export function readListBody(body: unknown): ListData & { name: string } {
  const { name, data } = recordOf(body, ['name', 'data'], 'body');
  if (typeof name !== 'string' || name.trim() === '') throw badBody('name should not be empty');
  return { name, ...readData(data) };
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
  const { type, urls } = recordOf(data, ['type', 'urls'], 'data');
  if (type !== 'exact' && type !== 'regex') throw badBody('data.type must be one of: exact, regex');
  if (!Array.isArray(urls) || !urls.every((url) => typeof url === 'string')) {
    throw badBody('data.urls must be an array of strings');
  }
  if (urls.length === 0) throw badBody('data.urls should not be empty');
  return { type, urls };
}

function recordOf(value: unknown, keys: readonly string[], what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badBody(`${what} must be an object`);
  const unknown = Object.keys(value).filter((key) => !keys.includes(key));
  if (unknown.length > 0) throw badBody(`property ${unknown.join(', ')} should not exist`);
  const missing = keys.filter((key) => !(key in value));
  if (missing.length > 0) throw badBody(`${missing.join(', ')} should not be empty`);
  return value as Record<string, unknown>;
}

function badBody(problem: string): VendorRefusal {
  return new VendorRefusal(400, problem, { statusCode: 400, message: [problem], error: 'Bad Request' });
}
