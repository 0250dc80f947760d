import { VendorRefusal } from './vendor-refusal.js';

interface Fields {
  /** What the record is called in a refusal. Default `body`. */
  what?: string;
  keys: readonly string[];
  optional?: readonly string[];
}

/** A record of JSON that has all of these fields, maybe the optional ones, and no other. */
export function recordOf(
  value: unknown,
  { what = 'body', keys, optional = [] }: Fields,
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badBody(`${what} must be an object`);
  const unknown = Object.keys(value).filter((key) => !keys.includes(key) && !optional.includes(key));
  if (unknown.length > 0) throw badBody(`property ${unknown.join(', ')} should not exist`);
  const missing = keys.filter((key) => !(key in value));
  if (missing.length > 0) throw badBody(`${missing.join(', ')} should not be empty`);
  return value as Record<string, unknown>;
}

export function textOf(record: Record<string, unknown>, key: string): string {
  const text = record[key];
  if (typeof text !== 'string' || text.trim() === '') throw badBody(`${key} should not be empty`);
  return text;
}

export function integerOf(record: Record<string, unknown>, key: string): number {
  const number = record[key];
  if (!Number.isSafeInteger(number)) throw badBody(`${key} must be an integer`);
  return number as number;
}

export function badBody(problem: string): VendorRefusal {
  return new VendorRefusal(400, problem, { statusCode: 400, message: [problem], error: 'Bad Request' });
}
