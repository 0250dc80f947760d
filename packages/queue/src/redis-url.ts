import { Fault } from '@drover/model';
import type { ClusterNode, ClusterOptions, RedisOptions } from 'ioredis';

/** Where a Redis is and how to sign in, as read from one URL. */
export type RedisAddress =
  | { kind: 'server' | 'sentinel'; options: RedisOptions; prefix: string }
  | { kind: 'cluster'; nodes: ClusterNode[]; options: ClusterOptions; prefix: string };

const SERVER_PORT = 6379;
const SENTINEL_PORT = 26379;
const DEFAULT_PREFIX = 'drover';
const PREFIX = /^[\w.-]{1,64}$/;
const SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/@]*)@)?([^/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;

/**
 * Reads a Redis URL. `rediss` is TLS; user and password are percent-encoded:
 *
 * - `redis://user:password@host:6379/0`
 * - `redis+sentinel://user:password@host:26379,host:26379/master-name/0`, with `sentinelUsername` and `sentinelPassword` in
 *   the query where the sentinels want them
 * - `redis+cluster://user:password@host:6379,host:6379`
 *
 * `?prefix=name` (default `drover`) keeps apart installations that share one Redis. Fault: `VARIABLE_INVALID`, whose sentence
 * repeats nothing of the URL.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const [, scheme, kind = 'server', account = '', hosts = '', path = '', search = ''] =
    SHAPE.exec(text.trim()) ?? refuse('is no redis://, rediss://, redis+sentinel:// or redis+cluster:// URL');
  const query = new URLSearchParams(search);
  const unknown = [...query.keys()].find((key) => !KNOWN_PARAMETERS.includes(key));
  if (unknown !== undefined) refuse(`has the unknown parameter "${unknown}"`);
  const prefix = query.get('prefix') ?? DEFAULT_PREFIX;
  if (!PREFIX.test(prefix)) refuse('has a prefix that is not 1 to 64 letters, digits, "_", "-" and "."');
  const common = { ...credentials(account), ...(scheme === 'rediss' ? { tls: {} } : {}) };
  const places = hosts
    .split(',')
    .map((host) => placeOf(host, kind === 'sentinel' ? SENTINEL_PORT : SERVER_PORT));
  const segments = path.split('/').filter((segment) => segment !== '');
  if (kind === 'cluster') {
    if (segments.length > 0) refuse('names a database, which a cluster does not have');
    return { kind, nodes: places, options: { redisOptions: common }, prefix };
  }
  if (kind === 'sentinel') {
    const [name, db, ...more] = segments;
    if (name === undefined || more.length > 0) refuse('must end in /master-name or /master-name/database');
    const sentinel = {
      ...given('sentinelUsername', query.get('sentinelUsername')),
      ...given('sentinelPassword', query.get('sentinelPassword')),
      ...(scheme === 'rediss' ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    };
    const options = { ...common, ...sentinel, sentinels: places, name: decoded(name!), db: databaseOf(db) };
    return { kind, options, prefix };
  }
  if (places.length > 1) refuse('names several hosts: write redis+sentinel:// or redis+cluster://');
  if (segments.length > 1) refuse('has a path that is no database number');
  return { kind: 'server', options: { ...common, ...places[0]!, db: databaseOf(segments[0]) }, prefix };
}

const KNOWN_PARAMETERS: readonly string[] = ['prefix', 'sentinelUsername', 'sentinelPassword'];

function credentials(account: string): { username?: string; password?: string } {
  const colon = account.indexOf(':');
  const user = colon < 0 ? account : account.slice(0, colon);
  const password = colon < 0 ? '' : account.slice(colon + 1);
  return { ...given('username', decoded(user)), ...given('password', decoded(password)) };
}

function given<Name extends string>(name: Name, value: string | null): { [Key in Name]?: string } {
  return (value === null || value === '' ? {} : { [name]: value }) as { [Key in Name]?: string };
}

function placeOf(text: string, defaultPort: number): { host: string; port: number } {
  const [, host = '', port] =
    /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(text) ?? refuse('has a host that cannot be read');
  const number = port === undefined ? defaultPort : Number(port);
  if (number < 1 || number > 65_535) refuse('has a port that is not from 1 to 65535');
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

function databaseOf(text: string | undefined): number {
  if (text === undefined) return 0;
  if (/^\d{1,5}$/.test(text)) return Number(text);
  return refuse('has a database that is no number');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse('has a user, password or name that is not percent-encoded');
  }
}

function refuse(sentence: string): never {
  throw new Fault('VARIABLE_INVALID', sentence);
}
