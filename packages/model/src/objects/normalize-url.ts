import ipaddr from 'ipaddr.js';
import { ipv4FromHost, normalizeIpv6 } from './normalize-address.js';
import { asciiName } from './normalize-host.js';
import { accept, refuse, type NormalizedValue } from './value-refusal.js';

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const MAX_PORT = 65_535;

/**
 * A URL with scheme and host in lower case and in ASCII; user, port, path, query and fragment stay as they are, since
 * case and escapes may matter there. A URL without a scheme is one too when its host is a full name or an address.
 */
export function normalizeUrl(text: string): NormalizedValue {
  if (/\s/.test(text)) return refuse('URL_INVALID', 'A URL has no blanks; write them as %20.');
  const scheme = SCHEME.exec(text)?.[1];
  const rest = scheme === undefined ? text : text.slice(scheme.length + 3);
  const end = rest.search(/[/?#]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  const tail = end === -1 ? '' : rest.slice(end);
  if (authority === '') return refuse('URL_INVALID', 'There is no host between the scheme and the path.');

  if (authority.includes('\\')) {
    return refuse('URL_INVALID', 'A backslash before the path leads some readers to another host.');
  }
  const at = authority.lastIndexOf('@');
  if (scheme === undefined && at !== -1) {
    return refuse('URL_INVALID', 'A URL with a user name needs its scheme, such as https://.');
  }
  const user = authority.slice(0, at + 1);
  const { host, port } = splitPort(authority.slice(at + 1));
  if (!isPort(port)) return refuse('URL_INVALID', `The port must be a number up to ${MAX_PORT}.`);
  const normalized = scheme === undefined ? normalizeFullHost(host) : normalizeHost(host);
  if (!normalized.ok) return normalized;
  const start = scheme === undefined ? '' : `${scheme.toLowerCase()}://`;
  return accept(`${start}${user}${normalized.value}${port}${tail}`);
}

/** `port` with its colon, or empty. */
function splitPort(hostAndPort: string): { host: string; port: string } {
  const colon = hostAndPort.indexOf(':', hostAndPort.startsWith('[') ? hostAndPort.lastIndexOf(']') + 1 : 0);
  return colon === -1
    ? { host: hostAndPort, port: '' }
    : { host: hostAndPort.slice(0, colon), port: hostAndPort.slice(colon) };
}

function isPort(port: string): boolean {
  return /^(?::\d{0,5})?$/.test(port) && Number(port.slice(1)) <= MAX_PORT;
}

function normalizeHost(host: string): NormalizedValue {
  if (host === '') return refuse('URL_INVALID', 'There is no host between the scheme and the path.');
  if (host.startsWith('[') && host.endsWith(']')) {
    const address = normalizeIpv6(host.slice(1, -1));
    return address.ok ? accept(`[${address.value}]`) : refuse('URL_INVALID', `Host: ${address.reason}`);
  }
  const address = ipv4FromHost(host);
  if (address !== undefined) return accept(address);
  const name = asciiName(host);
  return name.ok ? name : refuse('URL_INVALID', `Host "${shorten(host)}": ${name.reason}`);
}

/** The host of a URL without a scheme: one that nobody takes for a plain word or number. */
function normalizeFullHost(host: string): NormalizedValue {
  if (host.startsWith('[')) return normalizeHost(host);
  if (ipaddr.IPv4.isValidFourPartDecimal(host)) return accept(host);
  const name = asciiName(host);
  return name.ok && name.value.includes('.')
    ? name
    : refuse('URL_INVALID', 'A URL without a scheme needs a full host name, such as example.com/path.');
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
