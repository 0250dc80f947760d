import { EXECUTOR_LEASE, type HeldLease } from '@drover/engine';
import type { Parts } from './parts.js';
import { isKnownDead } from './process-identity.js';

/** The lease of the process that executes runs now; `undefined` when there is none or it is known to be dead. */
export async function executorHolder(parts: Parts): Promise<HeldLease | undefined> {
  const lease = await (await parts.leases()).read(EXECUTOR_LEASE);
  const isOver = lease === undefined || lease.until.getTime() < Date.now() || isKnownDead(lease.data);
  return isOver ? undefined : lease;
}
