import { readHost } from './host-rules.js';

/** How a URL list matches. It is a property of the list, not of an entry. */
export type ListType = 'exact' | 'regex';

/** A value as a line of a URL list, or why it cannot be one: one sentence. */
export type EntryResult = { ok: true; entry: string } | { ok: false; reason: string };

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;
/** What Netskope lets stand after the host; `*` is left out, since it may only be the first character of an entry. */
const REST = /^(?:[A-Za-z0-9._~!$&'()+,;=:@/?#-]|%[0-9A-Fa-f]{2})*$/;
const REGEX_SPECIAL = /[.?+()$]/g;
const REGEX_END = '(?:[:/?&#]|$)';

/**
 * A host name or URL as the entry that stands for it in a list of this type.
 *
 * Checks what Netskope is known to enforce, since it refuses a whole call for one bad entry; what is not known to be
 * refused is let through. The scheme is cut off (Netskope ignores it, so http and https forms are one entry), and the
 * host written in lower case. In a regex list the value becomes an anchored pattern that matches what the exact entry
 * would. Source: the vendor's page "URL List Best Practices".
 */
export function toListEntry(value: string, type: ListType = 'exact'): EntryResult {
  const fault = faultOfText(value);
  if (fault !== undefined) return refuse(fault);
  const scheme = SCHEME.exec(value)?.[0] ?? '';
  const address = value.slice(scheme.length);
  const hostEnd = address.search(/[/?#]/);
  const authority = hostEnd === -1 ? address : address.slice(0, hostEnd);
  const rest = hostEnd === -1 ? '' : address.slice(hostEnd);
  const host = readHost(authority, { hasScheme: scheme !== '', rest });
  if (!host.ok) return host;
  if (rest.includes('*')) return refuse('A * may only stand at the start, before a dot.');
  if (!REST.test(rest)) {
    return refuse(
      'After the host there is a character that must be percent-encoded, or a % without two hex digits.',
    );
  }
  const entry = authority.toLowerCase() + rest;
  if (type === 'exact') return { ok: true, entry };
  return host.kind === 'network'
    ? refuse('A list of regular expressions cannot hold an address range.')
    : { ok: true, entry: asPattern(entry) };
}

/** Entries that a list does not hold. Forms that differ in scheme or in the case of the host count as the same. */
export function missingEntries(entries: Iterable<string>, listed: readonly string[]): string[] {
  const missing = new Set(entries);
  for (const line of listed) missing.delete(line);
  if (missing.size === 0) return [];
  for (const line of listed) {
    const read = toListEntry(line);
    if (read.ok) missing.delete(read.entry);
  }
  return [...missing];
}

function faultOfText(value: string): string | undefined {
  if (value.trim() === '') return 'It is blank.';
  if (/^[#;]/.test(value)) return 'It starts with # or ;, which makes a comment of it.';
  if (/[^\x21-\x7e]/.test(value)) {
    return 'It holds a blank or a non-ASCII character: percent-encode it, or write the host in punycode.';
  }
  return undefined;
}

/** Anchored, and without a backslash, which the vendor's API does not take as it is. */
function asPattern(entry: string): string {
  const isWildcard = entry.startsWith('*.');
  const literal = (isWildcard ? entry.slice(2) : entry).replace(REGEX_SPECIAL, '[$&]');
  return `^${isWildcard ? '(?:[^/?#:]+[.])?' : ''}${literal}${entry.endsWith('/') ? '' : REGEX_END}`;
}

function refuse(reason: string): EntryResult {
  return { ok: false, reason };
}
