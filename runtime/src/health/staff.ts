import { type HeldLease, type Leases, type NamedLease, SCHEDULER_LEASE, livingWorkers } from '@drover/engine';
import { isKnownDead } from '../composition/process-identity.js';

/** The processes that do the work, by their leases. */
export interface Staff {
  workers: NamedLease[];
  /** Absent while nobody fires what is due. */
  scheduler?: HeldLease;
}

export async function livingStaff(leases: Leases, now: Date): Promise<Staff> {
  const workers = await livingWorkers(leases, { isDead: isKnownDead, now });
  const scheduler = await leases.read(SCHEDULER_LEASE);
  const lives = scheduler !== undefined && scheduler.until >= now && !isKnownDead(scheduler.data);
  return { workers, ...(lives ? { scheduler } : {}) };
}
