import { nearestName } from './nearest-name.js';

interface Named {
  name: string;
  /** Other spellings; case, blanks, dashes and underscores never matter. */
  aliases?: readonly string[];
}

/** Subtypes of `indicator`, in the order in which people meet them. */
const INDICATOR_SUBTYPES = [
  { name: 'MD5', aliases: ['MD5 hash'] },
  { name: 'SHA-1', aliases: ['SHA-1 hash'] },
  { name: 'SHA-256', aliases: ['SHA-256 hash', 'SHA-2 256'] },
  { name: 'SHA-384' },
  { name: 'SHA-512', aliases: ['SHA-512 hash'] },
  { name: 'FQDN', aliases: ['domain', 'domain name', 'hostname', 'host'] },
  { name: 'URL', aliases: ['URI', 'link'] },
  { name: 'Email Address', aliases: ['email', 'email addr', 'mail'] },
  { name: 'IP Address', aliases: ['IP', 'IPv4', 'IPv4 Address', 'IPv4 addr', 'ip addr'] },
  { name: 'IPv6 Address', aliases: ['IPv6', 'IPv6 addr'] },
  { name: 'CIDR', aliases: ['CIDR Block', 'network', 'subnet'] },
  { name: 'ASN', aliases: ['AS number', 'autonomous system'] },
  { name: 'MAC Address', aliases: ['MAC', 'MAC addr'] },
  { name: 'CVE' },
  { name: 'JA3', aliases: ['JA3 hash', 'JA3 fingerprint'] },
  { name: 'Filename', aliases: ['file name'] },
  { name: 'File Path', aliases: ['path'] },
  { name: 'Registry Key', aliases: ['regkey', 'windows registry key'] },
  { name: 'Mutex' },
  { name: 'Username', aliases: ['user name', 'login'] },
  { name: 'User-agent' },
  { name: 'Email Subject', aliases: ['subject'] },
  { name: 'Fuzzy Hash', aliases: ['ssdeep'] },
  { name: 'String', aliases: ['text'] },
] as const satisfies readonly Named[];

const OBJECT_TYPES = [
  { name: 'indicator', aliases: ['indicators', 'ioc', 'iocs'], subtypes: INDICATOR_SUBTYPES },
  { name: 'identity', aliases: ['identities', 'user', 'users'] },
  { name: 'incident', aliases: ['incidents'] },
  { name: 'asset', aliases: ['assets'] },
  { name: 'event', aliases: ['events'] },
  { name: 'file', aliases: ['files', 'attachment'] },
  { name: 'adversary', aliases: ['adversaries', 'threat actor'] },
  { name: 'attack-pattern', aliases: ['attack patterns', 'technique'] },
  { name: 'campaign', aliases: ['campaigns'] },
  { name: 'course-of-action', aliases: ['courses of action'] },
  { name: 'exploit-target', aliases: ['exploit targets'] },
  { name: 'intrusion-set', aliases: ['intrusion sets'] },
  { name: 'malware' },
  { name: 'report', aliases: ['reports'] },
  { name: 'signature', aliases: ['signatures'] },
  { name: 'task', aliases: ['tasks'] },
  { name: 'tool', aliases: ['tools'] },
  { name: 'ttp', aliases: ['ttps', 'tactics techniques procedures'] },
  { name: 'vulnerability', aliases: ['vulnerabilities'] },
] as const satisfies readonly (Named & { subtypes?: readonly Named[] })[];

/** A type of the closed registry, in its canonical spelling. */
export type ObjectTypeName = (typeof OBJECT_TYPES)[number]['name'];
/** A subtype of `indicator`, in its canonical spelling; the other types have none. */
export type IndicatorSubtype = (typeof INDICATOR_SUBTYPES)[number]['name'];

/** Every object type, canonical spelling. */
export const OBJECT_TYPE_NAMES: readonly ObjectTypeName[] = OBJECT_TYPES.map((type) => type.name);

/** No name of the registry is longer; what is longer is no name and not worth comparing. */
const MAX_NAME_LENGTH = 64;

const TYPES_BY_NAME = indexByName<ObjectTypeName>(OBJECT_TYPES);
const SUBTYPES_BY_NAME = indexByName<IndicatorSubtype>(INDICATOR_SUBTYPES);
const SUBTYPE_NAMES: readonly IndicatorSubtype[] = INDICATOR_SUBTYPES.map((subtype) => subtype.name);
const NO_SUBTYPES: readonly IndicatorSubtype[] = [];

/** The canonical name of an object type by its name or an alias: `Indicators` is `indicator`. */
export function findObjectType(text: string): ObjectTypeName | undefined {
  return TYPES_BY_NAME.get(text) ?? TYPES_BY_NAME.get(fold(text));
}

/**
 * The canonical name of a subtype by its name or an alias: `sha256` is `SHA-256`, `ipv4` is `IP Address`. `type` is a
 * canonical type; types without subtypes never have one.
 */
export function findSubtype(type: string, text: string): IndicatorSubtype | undefined {
  if (type !== 'indicator') return undefined;
  return SUBTYPES_BY_NAME.get(text) ?? SUBTYPES_BY_NAME.get(fold(text));
}

/** The subtypes of a canonical type; empty for types that have none. */
export function subtypesOf(type: string): readonly IndicatorSubtype[] {
  return type === 'indicator' ? SUBTYPE_NAMES : NO_SUBTYPES;
}

/** The type that somebody who wrote `text` most likely meant. */
export function suggestObjectType(text: string): ObjectTypeName | undefined {
  return suggest(TYPES_BY_NAME, text);
}

/** The subtype of a canonical type that somebody who wrote `text` most likely meant. */
export function suggestSubtype(type: string, text: string): IndicatorSubtype | undefined {
  return type === 'indicator' ? suggest(SUBTYPES_BY_NAME, text) : undefined;
}

function suggest<Name extends string>(names: ReadonlyMap<string, Name>, text: string): Name | undefined {
  const nearest = nearestName(fold(text), names.keys());
  return nearest === undefined ? undefined : names.get(nearest);
}

/** Canonical name by itself and by every spelling folded. */
function indexByName<Name extends string>(
  entries: readonly (Named & { name: Name })[],
): ReadonlyMap<string, Name> {
  return new Map(
    entries.flatMap(({ name, aliases = [] }) =>
      [name, fold(name), ...aliases.map(fold)].map((text) => [text, name] as const),
    ),
  );
}

function fold(text: string): string {
  return text.length > MAX_NAME_LENGTH ? '' : text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
