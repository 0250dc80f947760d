import type { FaultEntries } from './fault-entry.js';

/** Faults of connections, the broker and the governor. */
export const VENDOR_FAULTS = {} as const satisfies FaultEntries;
