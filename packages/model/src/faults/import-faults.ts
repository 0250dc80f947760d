import type { FaultEntries } from './fault-entry.js';

/** Faults of imports, values and collection queries. */
export const IMPORT_FAULTS = {} as const satisfies FaultEntries;
