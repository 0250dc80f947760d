import { MAX_FRAME_BYTES } from '@drover/plugin-sdk/wire';

/** What one plugin process may take. Times in milliseconds. */
export interface SandboxLimits {
  /** Most bytes of one frame, each way. Default 32 MiB. */
  maxFrameBytes: number;
  /** Most bytes of JSON that `prepare` may return. Default 1 MiB. */
  maxPreparedBytes: number;
  /** Most resident memory. Default 512 MiB. */
  maxMemoryBytes: number;
  /** How often memory is looked at. Default 500. */
  memoryCheckMs: number;
  /** How long a process may take to load the plugin's code. Default 15,000. */
  startMs: number;
  /** How long a hook may go on after it was told to stop, before its process is killed. Default 2,000. */
  graceMs: number;
  /** How long a process without work is kept. Default 60,000. */
  idleMs: number;
  /** Most bytes that plugin code may print while hooks run. Default 16 MiB. */
  maxOutputBytes: number;
  /** Most bytes of the cache that a plugin has over one connection. Default 1 MiB. */
  maxCacheBytes: number;
}

export const DEFAULT_SANDBOX_LIMITS: SandboxLimits = {
  maxFrameBytes: MAX_FRAME_BYTES,
  maxPreparedBytes: 1024 * 1024,
  maxMemoryBytes: 512 * 1024 * 1024,
  memoryCheckMs: 500,
  startMs: 15_000,
  graceMs: 2_000,
  idleMs: 60_000,
  maxOutputBytes: 16 * 1024 * 1024,
  maxCacheBytes: 1024 * 1024,
};
