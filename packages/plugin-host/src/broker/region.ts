import type { RegionSpec } from '@drover/model';
import type { RawAnswer } from './call-reply.js';

/**
 * The host of the cloud that the answer with a token names, when it is another than the base URL's. Only from one of the
 * vendor's own clouds to another: a gateway or a stand-in that somebody put in between is not gone round, and an unknown
 * name is not followed.
 */
export function regionHost(
  region: RegionSpec | undefined,
  { headers }: Pick<RawAnswer, 'headers'>,
  baseUrl: string,
): string | undefined {
  if (region === undefined) return undefined;
  const { host: own } = new URL(baseUrl);
  const name = headers[region.header.toLowerCase()]?.trim().toLowerCase() ?? '';
  const named = Object.hasOwn(region.hosts, name) ? region.hosts[name] : undefined;
  return named !== own && Object.values(region.hosts).includes(own) ? named : undefined;
}

export function atHost(url: URL, host: string): URL {
  const there = new URL(url);
  there.protocol = 'https:';
  there.host = host;
  return there;
}
