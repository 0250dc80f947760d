import {
  type HeldLease,
  type Leases,
  type NamedLease,
  SCHEDULER_LEASE,
  STANDBY_LEASE,
  livingWorkers,
} from '@drover/engine';
import { isKnownDead } from '../composition/process-identity.js';

/** The processes that do the work, by their leases. */
export interface Staff {
  workers: NamedLease[];
  /** Absent while nobody fires what is due. */
  scheduler?: HeldLease;
  /** Those that would take over from it. */
  standby: HeldLease[];
}

export async function livingStaff(leases: Leases, now: Date): Promise<Staff> {
  const workers = await livingWorkers(leases, { isDead: isKnownDead, now });
  const scheduler = await leases.read(SCHEDULER_LEASE);
  const lives = ({ until, data }: HeldLease): boolean => until >= now && !isKnownDead(data);
  const standby = (await leases.list(STANDBY_LEASE)).filter(
    (lease) => lives(lease) && lease.owner !== scheduler?.owner,
  );
  return { workers, standby, ...(scheduler !== undefined && lives(scheduler) ? { scheduler } : {}) };
}
