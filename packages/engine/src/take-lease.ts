import { type Fault, asFault } from '@drover/model';
import type { HeldLease, Leases } from './ports/leases.js';

/** The process that wants a lease that one process holds at a time. */
export interface LeaseSeeker {
  /** Unique to this process, such as host, process id and a random part. */
  owner: string;
  /** What is stored beside the lease for other processes to judge whether this one lives. */
  self: Record<string, unknown>;
  /** Whether the process that a lease describes is known to be dead. Unknown counts as alive. */
  isDead(self: Record<string, unknown>): boolean;
  leaseMs: number;
  now: () => Date;
}

/** Takes the lease when it is free, run out or held by a process that is known to be dead; prolongs one's own. */
export async function takeLease(
  leases: Leases,
  name: string,
  { owner, self, isDead, leaseMs: ttlMs, now }: LeaseSeeker,
): Promise<HeldLease | undefined> {
  const taken = await leases.take(name, owner, { ttlMs, now: now(), data: self });
  if (taken !== undefined) return taken;
  const holder = await leases.read(name);
  if (holder === undefined || !isDead(holder.data)) return undefined;
  await leases.wrest(name, holder);
  return leases.take(name, owner, { ttlMs, now: now(), data: self });
}

/** One that cannot be given back, as while the database is away, runs out by itself. */
export async function giveLeaseBack(
  leases: Leases,
  name: string,
  { owner, onError }: { owner: string; onError(fault: Fault): void },
): Promise<void> {
  await leases.release(name, owner).catch((thrown: unknown) => onError(asFault(thrown)));
}
