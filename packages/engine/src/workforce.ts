import type { Leases, NamedLease } from './ports/leases.js';

/** What the leases begin with by which processes that execute side by side say that they live. */
export const WORKER_LEASE = 'worker:';
/** Name of the lease that a process holds that executes alone. */
export const EXECUTOR_LEASE = 'executor';
/** A lease that ran out so long ago is of a process that is not coming back. */
export const FORGET_AFTER_MS = 10 * 60_000;

interface Judge {
  /** Whether the process that a lease describes is known to be dead. Unknown counts as alive. */
  isDead(self: Record<string, unknown>): boolean;
  now: Date;
}

/** The leases of the processes that execute now, or may: those that run and whose holder is not known to be dead. */
export async function livingWorkers(leases: Leases, judge: Judge): Promise<NamedLease[]> {
  const alone = await leases.read(EXECUTOR_LEASE);
  const all = [
    ...(alone === undefined ? [] : [{ name: EXECUTOR_LEASE, ...alone }]),
    ...(await leases.list(WORKER_LEASE)),
  ];
  return all.filter(({ until, data }) => until >= judge.now && !judge.isDead(data));
}

/** Workers that gave their lease back or whose process is known to be dead: whatever they still hold is free. */
export async function goneWorkers(leases: Leases, { isDead, now }: Judge): Promise<NamedLease[]> {
  const all = await leases.list(WORKER_LEASE);
  return all.filter(
    ({ until, data }) =>
      until.getTime() === 0 || now.getTime() - until.getTime() > FORGET_AFTER_MS || isDead(data),
  );
}
