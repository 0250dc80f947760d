import type { StormOptions } from './storm.js';

export interface StartOptions {
  /** Default: a free port of 127.0.0.1. */
  port?: number;
  /** The secret that callers must show. Default: one that is printed by `start`. */
  token?: string;
  /** Milliseconds that every request takes at least. Default 0. */
  latencyMs?: number;
  /** Whether the vendor's own rate limit holds. Default true. */
  rateLimit?: boolean;
  /** Strikes requests at random. Default: fair weather. */
  storm?: StormOptions;
  /** How many users it has beside those that it always has, where it has users to make. Default 0. */
  users?: number;
  /** How many incidents it has beside those that it always has, where it has incidents. Default 0. */
  incidents?: number;
}

export interface StartedSimulator {
  /** Base URL, for a connection. */
  url: string;
  token: string;
  /** What a person should know to use it, one line each. */
  about: string[];
  close(): Promise<void>;
}

export interface SimulatorEntry {
  description: string;
  start(options?: StartOptions): Promise<StartedSimulator>;
}
