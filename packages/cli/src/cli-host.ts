import type { Application } from '@drover/engine';

export interface PackedBundle {
  zip: Uint8Array;
  /** SHA-256 of the zip, lower-case hex. */
  digest: string;
  name: string;
  version: string;
  /** Text ids of its plugins. */
  plugins: string[];
}

export interface SimulatorOptions {
  /** 0: a free one. */
  port: number;
  latencyMs: number;
  rateLimit: boolean;
  /** Seed of the bad weather; absent for fair. */
  storm?: number;
  /** How many users a vendor that has users has beside its usual ones. */
  users: number;
  /** How many incidents a vendor that has incidents has beside its usual ones. */
  incidents: number;
}

export interface RunningSimulator {
  url: string;
  /** The secret that it accepts; worth nothing elsewhere. */
  token: string;
  /** What a person should know to use it, one line each. */
  about: string[];
  close(): Promise<void>;
}

/** One setting of the runtime as it is in force. */
export interface EffectiveSetting {
  name: string;
  /** Secrets as `set` or `not set`. */
  value: string;
  /** Such as `default`, `environment`, `--data-dir`, `file /run/key`. */
  origin: string;
}

/** What the command line needs of the process that it runs in. Everything heavy behind it is loaded when called. */
export interface CliHost {
  version: string;
  /** `notify` takes lines for people, such as that a key file was made. Faults: `ENVIRONMENT_INVALID`, … */
  openApplication(options: { dataDir?: string; notify(line: string): void }): Promise<Application>;
  /** Packs a vendor's plugin folder. */
  packBundle(folder: string): Promise<PackedBundle>;
  /** On 127.0.0.1. Fault: `SIMULATOR_UNKNOWN`, naming those that exist. */
  startSimulator(vendor: string, options: SimulatorOptions): Promise<RunningSimulator>;
  /** `notify` is told of variables that mean nothing. */
  effectiveSettings(options: { dataDir?: string; notify(line: string): void }): Promise<EffectiveSetting[]>;
  /** Calls the listener when a person interrupts (SIGINT, SIGTERM) until the returned function is called. */
  onInterrupt(listener: () => void): () => void;
}
