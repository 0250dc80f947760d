import ipaddr from 'ipaddr.js';
import { accept, refuse, type NormalizedValue } from './value-refusal.js';

const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i;

/** Four decimal numbers; forms that readers take differently (octal, hexadecimal, fewer parts) are refused. */
export function normalizeIpv4(text: string): NormalizedValue {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return accept(text);
  if (ipaddr.IPv6.isValid(text)) {
    return refuse('IP_INVALID', 'This is an IPv6 address; its subtype is IPv6 Address.');
  }
  if (/^[\d.]+\/\d+$/.test(text)) return refuse('IP_INVALID', 'This is a network; its subtype is CIDR.');
  if (/^[\d.]+:\d+$/.test(text)) return refuse('IP_INVALID', 'Leave the port out of an IP address.');
  return refuse('IP_INVALID', 'An IPv4 address is four numbers from 0 to 255 without leading zeros.');
}

/** The form of RFC 5952: lower case, the longest run of zeros as `::`. */
export function normalizeIpv6(text: string): NormalizedValue {
  if (text.includes('%')) return refuse('IP_INVALID', 'Leave the zone after % out of an IPv6 address.');
  if (ipaddr.IPv6.isValid(text)) return accept(ipaddr.IPv6.parse(text).toRFC5952String());
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return refuse('IP_INVALID', 'This is an IPv4 address; its subtype is IP Address.');
  }
  return refuse(
    'IP_INVALID',
    'An IPv6 address is eight groups of hexadecimal digits, or fewer with one "::".',
  );
}

/** The network's own address with the prefix length: bits of a host inside it are cleared. */
export function normalizeCidr(text: string): NormalizedValue {
  if (text.includes('%')) return refuse('CIDR_INVALID', 'Leave the zone after % out of a network.');
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) {
    const [, bits] = ipaddr.IPv4.parseCIDR(text);
    return accept(`${ipaddr.IPv4.networkAddressFromCIDR(text).toString()}/${bits}`);
  }
  if (ipaddr.IPv6.isValidCIDR(text)) {
    const [, bits] = ipaddr.IPv6.parseCIDR(text);
    return accept(`${ipaddr.IPv6.networkAddressFromCIDR(text).toRFC5952String()}/${bits}`);
  }
  return refuse('CIDR_INVALID', 'A network is an address and a prefix length, such as 192.0.2.0/24.');
}

/**
 * The IPv4 address that a URL's host stands for when it is written in numbers: browsers take `0x7f.1` and `2130706433`
 * for addresses too. Undefined when it is none.
 */
export function ipv4FromHost(host: string): string | undefined {
  // Most hosts are names, and the parser tells them by throwing.
  if (!ENDS_IN_NUMBER.test(host)) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(host)) return host;
  return ipaddr.IPv4.isValid(host) ? ipaddr.IPv4.parse(host).toString() : undefined;
}
