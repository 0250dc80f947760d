import {
  type HeldLease,
  type HeldWork,
  SCHEDULER_LEASE,
  type WorkInHand,
  type WorkerReport,
  type WorkerRequests,
  livingWorkers,
} from '@drover/engine';
import type { Parts } from '../composition/parts.js';
import { isKnownDead } from '../composition/process-identity.js';

export class EmbeddedWorkers implements WorkerRequests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async list(): Promise<WorkerReport> {
    const now = new Date();
    const leases = await this.#parts.leases();
    const watch = await this.#parts.workWatch();
    const held = await watch.held(now);
    const living = await livingWorkers(leases, { isDead: isKnownDead, now });
    const scheduler = await leases.read(SCHEDULER_LEASE);
    const isScheduled = scheduler !== undefined && scheduler.until >= now && !isKnownDead(scheduler.data);
    const { count, since } = await watch.due(now);
    return {
      workers: living.map((lease) => ({
        ...personOf(lease),
        role: String(lease.data.role ?? 'command'),
        holds: held.filter(({ owner }) => owner === lease.owner).map(inHand),
      })),
      ...(isScheduled ? { scheduler: personOf(scheduler) } : {}),
      due: { count, ...(since === undefined ? {} : { since: since.toISOString() }) },
    };
  }
}

function personOf({ owner, until, data }: HeldLease) {
  const { host, pid } = data as { host?: string; pid?: number };
  return {
    owner,
    ...(host === undefined ? {} : { host }),
    ...(pid === undefined ? {} : { pid }),
    until: until.toISOString(),
  };
}

function inHand({ owner: _owner, until, ...work }: HeldWork): WorkInHand {
  return { ...work, until: until.toISOString() } as WorkInHand;
}
