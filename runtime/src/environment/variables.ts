import { resolve } from 'node:path';
import { MAX_RETENTION_DAYS } from '@drover/engine';
import { Fault } from '@drover/model';
import { parseEncryptionKey } from '@drover/plugin-host';
import { parseRedisUrl } from '@drover/queue';
import { isUrl } from './is-url.js';
import { QUEUES } from './queue-kind.js';
import { LOG_FORMATS, LOG_LEVELS, ROLES, type Settings } from './settings.js';

/** One `DROVER_…` variable: the one place that knows its name, what it may be and what it means. */
export interface Variable<Key extends keyof Settings> {
  name: `DROVER_${string}`;
  /** One or two sentences for the page of variables. */
  description: string;
  /** What it may be, for people. */
  accepts: string;
  /** What holds where it is not set, for people. */
  defaultText: string;
  /** Never printed, only `set` or `not set`. */
  secret?: boolean;
  fallback(): Settings[Key];
  /** Faults: any; its sentence follows the variable's name, so it does not repeat a secret. */
  parse(text: string): Settings[Key];
}

const MAX_CONCURRENCY = 256;
const DEFAULT_CONCURRENCY = 8;
const MAX_DRAIN_SECONDS = 3_600;
const DEFAULT_DRAIN_SECONDS = 30;
/** A lease is prolonged once a second at best: a shorter one would be lost to every hiccup. */
const MIN_LEASE_SECONDS = 3;
const MAX_LEASE_SECONDS = 300;
const DEFAULT_LEASE_SECONDS = 15;

/** Every variable, in the order of the page; the key is the setting that it sets. */
export const VARIABLES: { [Key in keyof Settings]: Variable<Key> } = {
  dataDir: {
    name: 'DROVER_DATA_DIR',
    description:
      'Folder of the SQLite database, the key file and the code of installed plugins. Made when missing, for its owner only.',
    accepts: 'a path',
    defaultText: '`./.drover`',
    fallback: () => resolve('.drover'),
    parse: parseDataDir,
  },
  databaseUrl: {
    name: 'DROVER_DATABASE_URL',
    description: 'PostgreSQL database (13 or newer) to use in place of SQLite. It may hold a password.',
    accepts: 'a `postgres://` or `postgresql://` URL',
    defaultText: 'SQLite: `drover.db` in the data folder',
    secret: true,
    fallback: () => undefined,
    parse: parseDatabaseUrl,
  },
  encryptionKey: {
    name: 'DROVER_ENCRYPTION_KEY',
    description: 'Key that the secrets of connections are encrypted with in the database.',
    accepts: '32 bytes in base64 or hex, such as from `openssl rand -base64 32`',
    defaultText: 'the file `keys/encryption.key` in the data folder, made on first use',
    secret: true,
    fallback: () => undefined,
    parse: parseKey,
  },
  previousEncryptionKeys: {
    name: 'DROVER_ENCRYPTION_KEYS_PREVIOUS',
    description:
      'Keys that were in use before: they decrypt what was encrypted with them, and encrypt nothing.',
    accepts: 'keys separated by commas',
    defaultText: 'none',
    secret: true,
    fallback: () => [],
    parse: (text) => text.split(',').map(parseKey),
  },
  logLevel: {
    name: 'DROVER_LOG_LEVEL',
    description: 'Least weight of the log lines that are written to stderr.',
    accepts: LOG_LEVELS.map((level) => `\`${level}\``).join(', '),
    defaultText: '`warn`',
    fallback: () => 'warn',
    parse: (text) => oneOf(LOG_LEVELS, text),
  },
  logFormat: {
    name: 'DROVER_LOG_FORMAT',
    description: 'How log lines are written: one JSON document a line, or for people.',
    accepts: LOG_FORMATS.map((format) => `\`${format}\``).join(', '),
    defaultText: '`pretty` where stderr is a terminal, else `json`',
    fallback: () => (process.stderr.isTTY ? 'pretty' : 'json'),
    parse: (text) => oneOf(LOG_FORMATS, text),
  },
  workerConcurrency: {
    name: 'DROVER_WORKER_CONCURRENCY',
    description:
      'Most batches in flight in this process, over all runs; an action’s own limits may allow fewer.',
    accepts: `a whole number from 1 to ${MAX_CONCURRENCY}`,
    defaultText: `\`${DEFAULT_CONCURRENCY}\``,
    fallback: () => DEFAULT_CONCURRENCY,
    parse: (text) => wholeNumber(text, { from: 1, to: MAX_CONCURRENCY }),
  },
  redisUrl: {
    name: 'DROVER_REDIS_URL',
    description:
      'Redis (6.2 or newer) through which processes over one PostgreSQL database wake each other. It holds nothing that cannot be lost; its `maxmemory-policy` has to be `noeviction`. It may hold a password.',
    accepts:
      '`redis://user:password@host:6379/0`; `rediss://…` with TLS; `redis+sentinel://host:26379,host:26379/master-name`; `redis+cluster://host:6379,host:6379` (both also as `rediss+…`); with `?prefix=name` where several installations share one',
    defaultText: 'none',
    secret: true,
    fallback: () => undefined,
    parse: (text) => {
      parseRedisUrl(text);
      return text;
    },
  },
  queue: {
    name: 'DROVER_QUEUE',
    description:
      'How a process hears of new work: through Redis, through the PostgreSQL database itself (for those without Redis), or from itself alone. With `memory`, work of another process is found within a second.',
    accepts: QUEUES.map((kind) => `\`${kind}\``).join(', '),
    defaultText: '`redis` where `DROVER_REDIS_URL` is set, else `memory`',
    fallback: () => undefined,
    parse: (text) => oneOf(QUEUES, text),
  },
  role: {
    name: 'DROVER_ROLE',
    description:
      'What `drover serve` does: execute runs and pulls (`worker`), fire what is due (`scheduler`), or both.',
    accepts: ROLES.map((role) => `\`${role}\``).join(', '),
    defaultText: '`all`',
    fallback: () => 'all',
    parse: (text) => oneOf(ROLES, text),
  },
  drainSeconds: {
    name: 'DROVER_DRAIN_SECONDS',
    description:
      'How long batches in hand may take to end after SIGTERM or SIGINT; then they are cut off and taken up by another worker.',
    accepts: `a whole number of seconds from 0 to ${MAX_DRAIN_SECONDS}`,
    defaultText: `\`${DEFAULT_DRAIN_SECONDS}\``,
    fallback: () => DEFAULT_DRAIN_SECONDS,
    parse: (text) => wholeNumber(text, { from: 0, to: MAX_DRAIN_SECONDS }),
  },
  leaseSeconds: {
    name: 'DROVER_LEASE_SECONDS',
    description:
      'How long work stays with a process that says nothing: a worker’s batches and pulls, a scheduler’s post; a command twice as long. A shorter time finds a lost machine sooner, a longer one forgives a slow database. The same in all processes over one database.',
    accepts: `a whole number of seconds from ${MIN_LEASE_SECONDS} to ${MAX_LEASE_SECONDS}`,
    defaultText: `\`${DEFAULT_LEASE_SECONDS}\``,
    fallback: () => DEFAULT_LEASE_SECONDS,
    parse: (text) => wholeNumber(text, { from: MIN_LEASE_SECONDS, to: MAX_LEASE_SECONDS }),
  },
  retentionDays: {
    name: 'DROVER_RETENTION_DAYS',
    description:
      'After how many days a scheduling process forgets what has ended: runs with all that belongs to them, records of commands, pulls, values in the history of attributes. Objects and what is in force of them stay, and so do runs with an object that is `unknown`. `drover db forget` does it once.',
    accepts: `a whole number of days from 1 to ${MAX_RETENTION_DAYS}`,
    defaultText: 'none: nothing is forgotten',
    fallback: () => undefined,
    parse: (text) => wholeNumber(text, { from: 1, to: MAX_RETENTION_DAYS }),
  },
  httpHost: {
    name: 'DROVER_HTTP_HOST',
    description: 'Address that the health endpoints of a serving process listen at. They ask for no token.',
    accepts: 'an address or a host name of this machine',
    defaultText: '`127.0.0.1`',
    fallback: () => '127.0.0.1',
    parse: (text) => text,
  },
  httpPort: {
    name: 'DROVER_HTTP_PORT',
    description: 'Port of the health endpoints `/healthz`, `/readyz` and `/metrics` of a serving process.',
    accepts: 'a port from 1 to 65535',
    defaultText: 'none: nothing is listened to',
    fallback: () => undefined,
    parse: (text) => wholeNumber(text, { from: 1, to: 65_535 }),
  },
};

function parseDataDir(text: string): string {
  if (isUrl(text)) throw problem('is a URL; name a folder, and a PostgreSQL database in DROVER_DATABASE_URL');
  return resolve(text);
}

function parseDatabaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'postgres:' || url?.protocol === 'postgresql:') return text;
  throw problem('is not a URL that starts with postgres:// or postgresql://');
}

function parseKey(text: string): string {
  try {
    parseEncryptionKey(text);
  } catch (error) {
    throw new Fault('VARIABLE_INVALID', 'holds a key that is not 32 bytes in base64 or hex', {
      cause: error,
    });
  }
  return text.trim();
}

function wholeNumber(text: string, { from, to }: { from: number; to: number }): number {
  const n = Number(text);
  if (/^\d+$/.test(text) && n >= from && n <= to) return n;
  throw problem(`is "${text}", which is no whole number from ${from} to ${to}`);
}

function oneOf<Value extends string>(values: readonly Value[], text: string): Value {
  const value = values.find((one) => one === text);
  if (value !== undefined) return value;
  throw problem(`is "${text}", which is none of ${values.join(', ')}`);
}

function problem(sentence: string): Fault {
  return new Fault('VARIABLE_INVALID', sentence);
}
