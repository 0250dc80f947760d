import { domainToASCII } from 'node:url';
import { accept, refuse, type NormalizedValue } from './value-refusal.js';

const MAX_NAME_LENGTH = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
// oxlint-disable-next-line no-control-regex -- these are what must not stand in a value
const NOT_ASCII = /[^\x00-\x7f]/;
/** ASCII characters that cannot be part of a name; checked first, since conversion would cut or decode some of them. */
const NOT_IN_NAMES = /[ -,/:-@[-^`{-~]/;
const NUMBER_LABEL = /^(?:\d+|0x[0-9a-f]*)$/;

/**
 * A domain name in lower case, other scripts as punycode (UTS 46), without the root's dot. At least two labels; each
 * has 1 to 63 letters, digits, underscores and inner hyphens; 253 characters in all.
 */
export function normalizeFqdn(text: string): NormalizedValue {
  if (text.includes('://')) return refuse('FQDN_INVALID', 'This is a URL; its subtype is URL.');
  if (text.startsWith('*.')) return refuse('FQDN_INVALID', 'A wildcard is no domain name.');
  if (text.includes('@')) return refuse('FQDN_INVALID', 'This looks like an e-mail address.');
  if (text.includes('/')) return refuse('FQDN_INVALID', 'Leave the path out of a domain name.');
  if (/:\d+$/.test(text)) return refuse('FQDN_INVALID', 'Leave the port out of a domain name.');
  const name = asciiName(text);
  if (!name.ok) return refuse('FQDN_INVALID', name.reason);
  return name.value.includes('.')
    ? name
    : refuse('FQDN_INVALID', 'A full domain name has at least two labels, such as example.com.');
}

/** As a domain name, but one label is enough. Refusals carry no code of their own kind: the caller knows the kind. */
export function asciiName(text: string): NormalizedValue {
  if (NOT_IN_NAMES.test(text)) {
    return refuse('FQDN_INVALID', 'A domain name has letters, digits, hyphens, underscores and dots only.');
  }
  const ascii = NOT_ASCII.test(text) ? domainToASCII(text) : text.toLowerCase();
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
  if (name === '') return refuse('FQDN_INVALID', 'This is no domain name.');
  if (name.length > MAX_NAME_LENGTH) {
    return refuse('FQDN_INVALID', `A domain name has at most ${MAX_NAME_LENGTH} characters.`);
  }
  const labels = name.split('.');
  if (!labels.every((label) => LABEL.test(label))) {
    return refuse(
      'FQDN_INVALID',
      'Each label of a domain name has 1 to 63 letters, digits and inner hyphens.',
    );
  }
  if (NUMBER_LABEL.test(labels.at(-1)!)) {
    return refuse('FQDN_INVALID', 'A domain name does not end in a number; this looks like an IP address.');
  }
  return accept(name);
}
