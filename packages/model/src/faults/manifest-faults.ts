import type { FaultEntries } from './fault-entry.js';

/** Faults of manifests, schemas and configs. */
export const MANIFEST_FAULTS = {} as const satisfies FaultEntries;
