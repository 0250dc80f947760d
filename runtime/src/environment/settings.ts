export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

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
}
