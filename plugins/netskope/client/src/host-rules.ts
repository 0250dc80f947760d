/** What a host stands for, or why Netskope refuses it: one sentence. */
export type HostReading = { ok: true; kind: 'name' | 'address' | 'network' } | { ok: false; reason: string };

interface Surroundings {
  /** Whether the value is a URL by its own word. */
  hasScheme: boolean;
  /** Path, query and fragment. */
  rest: string;
}

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;
const CIDR_REST = /^\/(\d{1,2})$/;

/** Checks the part before the path: host and port. */
export function readHost(authority: string, surroundings: Surroundings): HostReading {
  if (authority.includes('@')) return refuse('User names and passwords are not allowed in a list.');
  if (authority.startsWith('[') || authority.split(':').length > 2)
    return refuse('IPv6 addresses are not allowed.');
  const [host = '', port] = authority.split(':');
  if (host === '') return refuse('There is no host.');
  if (port !== undefined && !isPort(port))
    return refuse(`The port ${port || '(none)'} is not from 1 to 65535.`);
  if (/^[\d.]+-[\d.]+$/.test(host)) return readRange(host, { ...surroundings, port });
  if (/^[\d.]+$/.test(host)) return readAddress(host, { ...surroundings, port });
  return readName(host);
}

function readName(host: string): HostReading {
  if (host.includes('%')) return refuse('Percent-encoding is not allowed in a host: write it in punycode.');
  const name = host.startsWith('*.') ? host.slice(2) : host;
  if (name.includes('*')) return refuse('A * may only stand at the start, before a dot.');
  if (!name.split('.').every((label) => LABEL.test(label))) {
    return refuse(
      'The host has a part that is empty, or has other characters than letters, digits and inner dashes.',
    );
  }
  return { ok: true, kind: 'name' };
}

function readAddress(host: string, { hasScheme, rest, port }: Surroundings & { port?: string }): HostReading {
  const address = addressOf(host);
  if (address === undefined) return refuse('The host is no IPv4 address of four parts from 0 to 255.');
  if (address === 0) return refuse('The address 0.0.0.0 is not allowed.');
  const bits = Number(CIDR_REST.exec(rest)?.[1] ?? 33);
  if (port !== undefined || bits > 32) return { ok: true, kind: 'address' };
  if (address % 2 ** (32 - bits) !== 0) {
    return refuse(`It reads as the network ${host}/${bits}, whose host bits are not zero.`);
  }
  // A path that looks like a prefix length would silently block a whole network in the place of one URL.
  if (hasScheme) return refuse(`Without its scheme it reads as the whole network ${host}/${bits}.`);
  return { ok: true, kind: 'network' };
}

function readRange(host: string, { hasScheme, rest, port }: Surroundings & { port?: string }): HostReading {
  const [first, last] = host.split('-', 2).map(addressOf);
  if (!first || !last) return refuse('It is no range of two IPv4 addresses.');
  if (hasScheme || port !== undefined || rest !== '')
    return refuse('An address range cannot be part of a URL.');
  if (first >= last) return refuse('The range does not start below its end.');
  return { ok: true, kind: 'network' };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function addressOf(text: string): number | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255)) {
    return undefined;
  }
  return octets.reduce((address, octet) => address * 256 + Number(octet), 0);
}

function refuse(reason: string): HostReading {
  return { ok: false, reason };
}
