import type { FaultEntries } from './fault-entry.js';

/** Faults of the environment, the store and the process. */
export const RUNTIME_FAULTS = {} as const satisfies FaultEntries;
