import { type HeldLease, livingWorkers } from '@drover/engine';
import type { Parts } from './parts.js';
import { isKnownDead } from './process-identity.js';

/** The leases of the processes that execute runs now; none where all are over or known to be dead. */
export async function executorHolders(parts: Parts): Promise<HeldLease[]> {
  return livingWorkers(await parts.leases(), { isDead: isKnownDead, now: new Date() });
}
