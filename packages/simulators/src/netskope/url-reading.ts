/** What the vendor makes of one line of a URL list. */
export type Reading =
  | { kind: 'entry'; entry: string }
  /** Blank lines and comments: taken without a word, and not kept. */
  | { kind: 'ignored' }
  | { kind: 'refused'; reason: string };

export type ListType = 'exact' | 'regex';

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const PARTS = /^(?<host>[^:/?#]*)(?<port>:[^/?#]*)?(?<rest>[/?#].*)?$/;
const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const REST = /^(?:[a-z0-9._~!$&'()+,;=:@/?#-]|%[0-9a-f]{2})*$/i;
const FOUR_OCTETS = /^\d{1,3}(?:\.\d{1,3}){3}$/;

export function readLine(line: string, type: ListType): Reading {
  if (line.trim() === '' || line.startsWith('#') || line.startsWith(';')) return { kind: 'ignored' };
  return type === 'exact' ? readExact(line) : readRegex(line);
}

function readExact(line: string): Reading {
  const url = line.replace(SCHEME, '');
  const parts = PARTS.exec(url)?.groups;
  if (parts === undefined) return refused('Invalid URL');
  const host = parts['host']!.toLowerCase();
  const { port, rest } = parts;
  if (/^[^/?#]*@/.test(url)) return refused('User and password are not supported');
  if (host === '') return refused('Invalid host');
  if (port !== undefined && !isPort(port.slice(1))) return refused('Invalid port');
  if (rest !== undefined && !REST.test(rest)) return refused('Invalid Path');
  const tail = (port ?? '') + (rest ?? '');
  const reason = /^[\d.]+-[\d.-]*$/.test(host) ? rangeFault(host, tail) : hostFault(host, tail);
  if (reason !== undefined) return refused(reason);
  return { kind: 'entry', entry: host + tail };
}

function refused(reason: string): Reading {
  return { kind: 'refused', reason };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function hostFault(host: string, tail: string): string | undefined {
  if (host.includes('*')) {
    return host.startsWith('*.') && HOST.test(host.slice(2)) ? undefined : 'Invalid wildcard';
  }
  if (!/^[\d.]+$/.test(host)) return HOST.test(host) ? undefined : 'Invalid host';
  const address = addressOf(host);
  if (address === undefined) return 'Invalid IP address';
  const bits = /^\/(\d{1,2})$/.exec(tail)?.[1];
  if (bits === undefined || Number(bits) > 32) return undefined;
  return address % 2 ** (32 - Number(bits)) === 0 ? undefined : 'Invalid CIDR: host bits are set';
}

function rangeFault(host: string, tail: string): string | undefined {
  if (tail !== '') return 'Invalid IP range';
  const ends = host.split('-').map(addressOf);
  const [first, last] = ends;
  if (ends.length !== 2 || first === undefined || last === undefined) return 'Invalid IP range';
  return first < last ? undefined : 'Invalid IP range: start is not below end';
}

/** The address as a number; 0.0.0.0 and what is no address have none. */
function addressOf(text: string): number | undefined {
  if (!FOUR_OCTETS.test(text)) return undefined;
  const octets = text.split('.').map(Number);
  if (octets.some((octet) => octet > 255)) return undefined;
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return address === 0 ? undefined : address;
}

const UNSUPPORTED_REGEX: readonly [RegExp, string][] = [
  [/\(\?<?[=!]/, 'Look-around is not supported'],
  [/\\[1-9]/, 'Back-references are not supported'],
  [/\(\*/, 'Control verbs are not supported'],
  [/\(\?(?:R|\d)/, 'Subroutines are not supported'],
  [/^\^?https?:/i, 'A scheme is not supported'],
  [/.\^/, 'Embedded start anchors are not supported'],
];

function readRegex(line: string): Reading {
  const withoutClasses = line.replaceAll(/\[(?:\\.|[^\]\\])*\]/g, '_');
  const unsupported = UNSUPPORTED_REGEX.find(([pattern]) => pattern.test(withoutClasses));
  if (unsupported !== undefined) return refused(unsupported[1]);
  try {
    // Compiled only to hear whether it is well formed; nothing is ever matched against it.
    RegExp(line);
  } catch (error) {
    return refused((error as Error).message);
  }
  return { kind: 'entry', entry: line };
}
