import { findSubtype, type IndicatorSubtype } from '@drover/model';
import type { Comparison } from './parse-pattern.js';

/** What a STIX value is in the library. */
export interface StixValue {
  type: 'indicator' | 'identity';
  subtype?: IndicatorSubtype;
  value: string;
}

/** Properties whose value stands for itself, by the type of the observable. */
const VALUE_PROPERTIES: Readonly<Record<string, Readonly<Record<string, IndicatorSubtype>>>> = {
  file: { name: 'Filename' },
  'domain-name': { value: 'FQDN' },
  url: { value: 'URL' },
  'ipv4-addr': { value: 'IP Address' },
  'ipv6-addr': { value: 'IPv6 Address' },
  'email-addr': { value: 'Email Address' },
  'mac-addr': { value: 'MAC Address' },
  'autonomous-system': { number: 'ASN' },
  mutex: { name: 'Mutex' },
  'windows-registry-key': { key: 'Registry Key' },
};
/** Properties that only patterns can name: they belong to another object or do not stand for their own. */
const PATTERN_PROPERTIES: typeof VALUE_PROPERTIES = {
  ...VALUE_PROPERTIES,
  'email-message': {
    'from_ref.value': 'Email Address',
    'sender_ref.value': 'Email Address',
    subject: 'Email Subject',
  },
};
const HASHES: readonly string[] = [
  'MD5',
  'SHA-1',
  'SHA-256',
  'SHA-384',
  'SHA-512',
] satisfies IndicatorSubtype[];
/** Account properties that name the account, the best first. */
const ACCOUNT_PROPERTIES = ['account_login', 'user_id', 'display_name'];

/** What a comparison of a pattern looks for, when the library has a place for it. */
export function valueOfComparison({ observable, path, value }: Comparison): StixValue | undefined {
  if (observable === 'file' && path.length === 2 && path[0] === 'hashes') return hashValue(path[1]!, value);
  const subtype = own(own(PATTERN_PROPERTIES, observable), path.join('.'));
  return subtype === undefined ? undefined : networkOrAddress({ type: 'indicator', subtype, value });
}

/** Whether objects of the type are observables that may be imported. */
export function isObservable(type: string): boolean {
  return type === 'user-account' || Object.hasOwn(VALUE_PROPERTIES, type);
}

/** The values of a cyber-observable object: all hashes of a file, else its name; the one value of the others. */
export function valuesOfObservable(type: string, properties: Record<string, unknown>): StixValue[] {
  if (type === 'user-account') return accountValues(properties);
  const hashes = type === 'file' ? hashValues(properties['hashes']) : [];
  if (hashes.length > 0) return hashes;
  return Object.entries(own(VALUE_PROPERTIES, type) ?? {}).flatMap(([property, subtype]) => {
    const value = asText(properties[property]);
    return value === undefined ? [] : [networkOrAddress({ type: 'indicator', subtype, value })];
  });
}

function accountValues(properties: Record<string, unknown>): StixValue[] {
  for (const property of ACCOUNT_PROPERTIES) {
    const value = asText(properties[property]);
    if (value !== undefined && value !== '') return [{ type: 'identity', value }];
  }
  return [];
}

function hashValues(hashes: unknown): StixValue[] {
  if (typeof hashes !== 'object' || hashes === null) return [];
  return Object.entries(hashes).flatMap(([algorithm, digest]) => {
    const value = typeof digest === 'string' ? hashValue(algorithm, digest) : undefined;
    return value === undefined ? [] : [value];
  });
}

function hashValue(algorithm: string, value: string): StixValue | undefined {
  const subtype = findSubtype('indicator', algorithm);
  return subtype !== undefined && HASHES.includes(subtype)
    ? { type: 'indicator', subtype, value }
    : undefined;
}

/** STIX writes networks as addresses with a prefix length; one that covers a single address is that address. */
function networkOrAddress(found: StixValue): StixValue {
  const bits = found.subtype === 'IP Address' ? '32' : found.subtype === 'IPv6 Address' ? '128' : undefined;
  if (bits === undefined || !found.value.includes('/')) return found;
  return found.value.endsWith(`/${bits}`)
    ? { ...found, value: found.value.slice(0, -bits.length - 1) }
    : { ...found, subtype: 'CIDR' };
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function own<T>(table: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}
