export interface HeldLease {
  owner: string;
  /** Counts up with each change of owner. */
  token: number;
  until: Date;
  /** What the owner says of itself, such as host and process id. */
  data: Record<string, unknown>;
}

export interface NamedLease extends HeldLease {
  name: string;
}

/** Named leases, such as the executor's. */
export interface Leases {
  /** Takes a free or expired lease, or prolongs one's own. Returns undefined while another owner holds it. */
  take(
    name: string,
    owner: string,
    options: { ttlMs: number; now: Date; data?: Record<string, unknown> },
  ): Promise<HeldLease | undefined>;
  /** Takes a lease from an owner that is known to be dead. */
  wrest(name: string, from: { owner: string; token: number }): Promise<boolean>;
  release(name: string, owner: string): Promise<void>;
  read(name: string): Promise<HeldLease | undefined>;
  /** Leases whose names begin so, held or not, by name. */
  list(prefix: string): Promise<NamedLease[]>;
  /** Drops a lease that nobody will take again. Nothing happens when it has another owner or token by now. */
  forget(lease: Pick<NamedLease, 'name' | 'owner' | 'token'>): Promise<void>;
}
