type Fields = Record<string, unknown>;

/** Where a sandbox says what no run can be told; pino's loggers fit. */
export interface SandboxLogger {
  debug(fields: Fields, sentence: string): void;
  warn(fields: Fields, sentence: string): void;
}
