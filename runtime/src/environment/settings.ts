import type { ServeRole } from '@drover/engine';
import type { QueueKind } from './queue-kind.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export const ROLES = ['all', 'worker', 'scheduler'] as const satisfies readonly ServeRole[];

/** What the environment sets, read and checked once at the start. */
export interface Settings {
  /** Absolute. */
  dataDir: string;
  /** PostgreSQL; absent: SQLite in the data folder. */
  databaseUrl: string | undefined;
  /** 32 bytes in base64 or hex; absent: a key file in the data folder. */
  encryptionKey: string | undefined;
  previousEncryptionKeys: readonly string[];
  logLevel: LogLevel;
  logFormat: LogFormat;
  /** Batches in flight in this process. */
  workerConcurrency: number;
  /** Redis, as the queue reads it; absent: none. */
  redisUrl: string | undefined;
  /** Absent: `redis` where there is a Redis, else `memory`. */
  queue: QueueKind | undefined;
  /** What `serve` does. */
  role: ServeRole;
  /** Seconds that batches in hand get to end when a serving process is told to stop. */
  drainSeconds: number;
  /** Seconds that work stays with a process that says nothing. */
  leaseSeconds: number;
  /** Days that what has ended is kept; absent: for good. */
  retentionDays: number | undefined;
  /** Address of the health endpoints. */
  httpHost: string;
  /** Port of the health endpoints; absent: a serving process listens nowhere. */
  httpPort: number | undefined;
}
