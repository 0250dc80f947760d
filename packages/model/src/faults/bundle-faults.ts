import type { FaultEntries } from './fault-entry.js';

/** Faults of reading, verifying and installing bundles. */
export const BUNDLE_FAULTS = {} as const satisfies FaultEntries;
