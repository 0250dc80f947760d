import type { ObjectKey } from '../object.js';
import { normalizeValue } from './normalize-value.js';
import {
  findObjectType,
  findSubtype,
  subtypesOf,
  suggestObjectType,
  suggestSubtype,
  type IndicatorSubtype,
} from './object-types.js';
import { refuse, type ValueRefusal } from './value-refusal.js';

export type NormalizedKey = { ok: true; key: ObjectKey } | ValueRefusal;

/**
 * An object's key from what people and files write: names and aliases of types and subtypes become canonical, the value
 * is normalised. A subtype without a type is an indicator's. Never throws.
 */
export function normalizeKey(input: { type?: string; subtype?: string; value: string }): NormalizedKey {
  const type = resolveType(input);
  if (typeof type !== 'string') return type;
  const subtype = resolveSubtype(type, input.subtype);
  if (typeof subtype === 'object') return subtype;
  const normalized = normalizeValue({ type, subtype, value: input.value });
  if (!normalized.ok) return normalized;
  const { value } = normalized;
  return { ok: true, key: subtype === undefined ? { type, value } : { type, subtype, value } };
}

function resolveType({ type, subtype }: { type?: string; subtype?: string }): string | ValueRefusal {
  if (type === undefined || type === '') {
    return subtype ? 'indicator' : refuse('TYPE_MISSING', 'The object has no type.');
  }
  return (
    findObjectType(type) ??
    refuse('TYPE_UNKNOWN', `There is no type "${cut(type)}"${didYouMean(suggestObjectType(type))}.`)
  );
}

function resolveSubtype(type: string, text: string | undefined): IndicatorSubtype | undefined | ValueRefusal {
  if (subtypesOf(type).length === 0) {
    return text
      ? refuse('SUBTYPE_NOT_ALLOWED', `Objects of type ${type} have no subtype, this has "${cut(text)}".`)
      : undefined;
  }
  if (!text)
    return refuse('SUBTYPE_MISSING', `Objects of type ${type} need a subtype, such as SHA-256 or URL.`);
  return (
    findSubtype(type, text) ??
    refuse(
      'SUBTYPE_UNKNOWN',
      `There is no subtype "${cut(text)}" of ${type}${didYouMean(suggestSubtype(type, text))}.`,
    )
  );
}

function didYouMean(name: string | undefined): string {
  return name === undefined ? '' : `, perhaps ${name} is meant`;
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
