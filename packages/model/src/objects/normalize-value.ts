import { normalizeCidr, normalizeIpv4, normalizeIpv6 } from './normalize-address.js';
import { normalizeEmail } from './normalize-email.js';
import { normalizeFqdn } from './normalize-host.js';
import { normalizeUrl } from './normalize-url.js';
import { OBJECT_TYPE_NAMES, subtypesOf, type IndicatorSubtype, type ObjectTypeName } from './object-types.js';
import { refang } from './refang.js';
import { accept, refuse, type NormalizedValue } from './value-refusal.js';

/** So that a value fits an index entry of every database. Bytes in UTF-8. */
export const MAX_VALUE_BYTES = 2_048;
/** What is longer is not even looked at; refanging may shorten a value to the limit. */
const MAX_RAW_LENGTH = 8 * MAX_VALUE_BYTES;
const LARGEST_ASN = 0xffff_ffff;
// oxlint-disable-next-line no-control-regex -- these are what must not stand in a value
const CONTROL_CHARACTER = /[\x00-\x1f\x7f-\x9f]/;

type Normalize = (trimmed: string) => NormalizedValue;

const BY_SUBTYPE: Readonly<Record<IndicatorSubtype, Normalize>> = {
  MD5: hash('An MD5 hash', 32),
  'SHA-1': hash('A SHA-1 hash', 40),
  'SHA-256': hash('A SHA-256 hash', 64),
  'SHA-384': hash('A SHA-384 hash', 96),
  'SHA-512': hash('A SHA-512 hash', 128),
  FQDN: refanged(normalizeFqdn),
  URL: refanged(normalizeUrl),
  'Email Address': refanged(normalizeEmail),
  'IP Address': refanged(normalizeIpv4),
  'IPv6 Address': refanged(normalizeIpv6),
  CIDR: refanged(normalizeCidr),
  ASN: normalizeAsn,
  'MAC Address': normalizeMac,
  CVE: normalizeCve,
  JA3: hash('A JA3 fingerprint', 32),
  Filename: normalizeText,
  'File Path': normalizeText,
  'Registry Key': normalizeText,
  Mutex: normalizeText,
  Username: normalizeText,
  'User-agent': normalizeText,
  'Email Subject': normalizeText,
  'Fuzzy Hash': normalizeText,
  String: normalizeText,
};

/** Types whose values have a form; the other types without subtypes hold plain text. */
const BY_TYPE: Partial<Record<ObjectTypeName, Normalize>> = {
  identity: normalizeIdentity,
  vulnerability: (text) => (looksLikeCve(text) ? normalizeCve(text) : normalizeText(text)),
};

/**
 * The one spelling under which the library knows a value. `type` and `subtype` are canonical names. Blanks around are
 * cut off; network values (names, URLs, addresses) are refanged first; then by kind: hashes in lower case with the right
 * number of hexadecimal digits, addresses in their canonical form, hosts in lower case and punycode, plain text in
 * Unicode's composed form (NFC). At most 2,048 bytes. Normalising twice is normalising once; never throws.
 */
export function normalizeValue(input: { type: string; subtype?: string; value: string }): NormalizedValue {
  const { type, subtype, value } = input;
  const normalize = normalizerOf(type, subtype);
  if (normalize === undefined) {
    return refuse(
      'TYPE_UNKNOWN',
      `There is no type "${type}"${subtype ? ` with subtype "${subtype}"` : ''}.`,
    );
  }
  if (value.length > MAX_RAW_LENGTH) return tooLong();
  const trimmed = value.trim();
  if (trimmed === '') return refuse('VALUE_EMPTY', 'The value is empty.');
  if (CONTROL_CHARACTER.test(trimmed) || !trimmed.isWellFormed()) {
    return refuse('VALUE_CHARACTERS', 'The value has control characters or broken Unicode.');
  }
  const normalized = normalize(trimmed);
  return normalized.ok && isTooLong(normalized.value) ? tooLong() : normalized;
}

function normalizerOf(type: string, subtype: string | undefined): Normalize | undefined {
  const subtypes: readonly string[] = subtypesOf(type);
  if (subtypes.length > 0) {
    return subtypes.includes(subtype ?? '') ? BY_SUBTYPE[subtype as IndicatorSubtype] : undefined;
  }
  if (subtype !== undefined || !(OBJECT_TYPE_NAMES as readonly string[]).includes(type)) return undefined;
  return BY_TYPE[type as ObjectTypeName] ?? normalizeText;
}

function isTooLong(value: string): boolean {
  return value.length > MAX_VALUE_BYTES / 3 && Buffer.byteLength(value) > MAX_VALUE_BYTES;
}

function tooLong(): NormalizedValue {
  return refuse('VALUE_TOO_LONG', `A value has at most ${MAX_VALUE_BYTES} bytes.`);
}

function refanged(normalize: Normalize): Normalize {
  return (text) => normalize(refang(text).trim());
}

function hash(what: string, digits: number): Normalize {
  const form = new RegExp(`^[0-9a-f]{${digits}}$`);
  return (text) => {
    const lower = text.toLowerCase();
    if (form.test(lower)) return accept(lower);
    return refuse(
      'HASH_INVALID',
      /^[0-9a-f]*$/.test(lower)
        ? `${what} has ${digits} hexadecimal digits, this has ${lower.length}.`
        : `${what} has hexadecimal digits only.`,
    );
  };
}

function normalizeText(text: string): NormalizedValue {
  return accept(text.normalize('NFC'));
}

/** A login, an id or an e-mail address; an address is brought to the form of addresses. */
function normalizeIdentity(text: string): NormalizedValue {
  const live = refang(text).trim();
  const email = live.includes('@') ? normalizeEmail(live) : undefined;
  return email?.ok ? email : normalizeText(text);
}

function normalizeAsn(text: string): NormalizedValue {
  const number = /^(?:ASN?)?\s?(\d{1,10})$/i.exec(text)?.[1];
  return number !== undefined && Number(number) <= LARGEST_ASN
    ? accept(`AS${Number(number)}`)
    : refuse('IDENTIFIER_INVALID', `An AS number is AS and a number up to ${LARGEST_ASN}.`);
}

function normalizeMac(text: string): NormalizedValue {
  const form = /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4})$/i;
  if (!form.test(text)) {
    return refuse('IDENTIFIER_INVALID', 'A MAC address is six pairs of hexadecimal digits.');
  }
  const digits = text.toLowerCase().replace(/[^0-9a-f]/g, '');
  return accept(digits.match(/../g)!.join(':'));
}

function looksLikeCve(text: string): boolean {
  return /^CVE-/i.test(text);
}

function normalizeCve(text: string): NormalizedValue {
  return /^CVE-\d{4}-\d{4,19}$/i.test(text)
    ? accept(text.toUpperCase())
    : refuse('IDENTIFIER_INVALID', 'A CVE is CVE, a year and a number, such as CVE-2021-44228.');
}
