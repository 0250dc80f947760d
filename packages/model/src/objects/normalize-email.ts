import { normalizeIpv4, normalizeIpv6 } from './normalize-address.js';
import { normalizeFqdn } from './normalize-host.js';
import { accept, refuse, type NormalizedValue } from './value-refusal.js';

const MAX_LOCAL_LENGTH = 64;

/**
 * An address whose domain is in lower case and in ASCII. The part before the @ stays as it is: its case is the
 * receiver's affair (RFC 5321, section 2.4).
 */
export function normalizeEmail(text: string): NormalizedValue {
  const address = text.replace(/^mailto:/i, '');
  const at = address.lastIndexOf('@');
  if (at === -1) return refuse('EMAIL_INVALID', 'An e-mail address has an @.');
  const local = address.slice(0, at);
  if (local === '' || local.length > MAX_LOCAL_LENGTH) {
    return refuse('EMAIL_INVALID', `There are 1 to ${MAX_LOCAL_LENGTH} characters before the @.`);
  }
  if (!isLocalPart(local)) {
    return refuse('EMAIL_INVALID', 'The part before the @ has a character or a dot that cannot stand there.');
  }
  const domain = knownDomain(address.slice(at + 1));
  return domain.ok ? accept(`${local}@${domain.value}`) : refuse('EMAIL_INVALID', domain.reason);
}

function isLocalPart(local: string): boolean {
  return /^"[^"\\]*"$/.test(local) || /^[^\s"(),:;<>@[\\\].]+(?:\.[^\s"(),:;<>@[\\\].]+)*$/.test(local);
}

/** The last domain and what came of it: the addresses of a directory are of few. */
let last = { domain: '', normalized: normalizeMailDomain('') };

function knownDomain(domain: string): NormalizedValue {
  if (domain !== last.domain) last = { domain, normalized: normalizeMailDomain(domain) };
  return last.normalized;
}

function normalizeMailDomain(domain: string): NormalizedValue {
  const literal = /^\[(?:(IPv6:)?)([^\]]*)\]$/i.exec(domain);
  if (literal === null) return normalizeFqdn(domain);
  const address = literal[1] ? normalizeIpv6(literal[2]!) : normalizeIpv4(literal[2]!);
  return address.ok ? accept(`[${literal[1] ? 'IPv6:' : ''}${address.value}]`) : address;
}
