import { scimRefusal } from './scim-refusal.js';
import type { ScimSlice } from './scim-store.js';

const FILTER = /^(\w+) eq "((?:[^"\\]|\\.)*)"$/i;

/** `startIndex` from 1 and `count`; the server gives no more than `pageSize` whatever was asked for. */
export function readSlice(query: Record<string, unknown>, pageSize: number): ScimSlice {
  const startIndex = numberOf(query, 'startIndex', 1);
  const count = numberOf(query, 'count', pageSize);
  return { startIndex: Math.max(1, startIndex), count: Math.min(Math.max(0, count), pageSize) };
}

/** The one operator that the vendor knows, `eq`, over some attributes. Values are compared whatever their case. */
export function readFilter(
  query: Record<string, unknown>,
  attributes: readonly string[],
): (resource: object) => boolean {
  const { filter } = query;
  if (filter === undefined) return () => true;
  const [, asked, quoted] = FILTER.exec(String(filter)) ?? [];
  const attribute = attributes.find((name) => name.toLowerCase() === asked?.toLowerCase());
  if (attribute === undefined || quoted === undefined) {
    throw scimRefusal(400, `The filter is not supported; eq of ${attributes.join(', ')} is`, 'invalidFilter');
  }
  const value = (JSON.parse(`"${quoted}"`) as string).toLowerCase();
  return (resource) => String((resource as Record<string, unknown>)[attribute] ?? '').toLowerCase() === value;
}

function numberOf(query: Record<string, unknown>, key: string, fallback: number): number {
  const text = query[key];
  if (text === undefined) return fallback;
  if (typeof text === 'string' && /^-?\d{1,9}$/.test(text)) return Number(text);
  throw scimRefusal(400, `${key} must be a number`, 'invalidValue');
}
