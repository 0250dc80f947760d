import type { HeldLease, HeldWork, WorkInHand, WorkerReport, WorkerRequests } from '@drover/engine';
import type { Parts } from '../composition/parts.js';
import { livingStaff } from '../health/staff.js';

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
    const { workers, scheduler, standby } = await livingStaff(leases, now);
    const { count, since } = await watch.due(now);
    return {
      workers: workers.map((lease) => ({
        ...personOf(lease),
        role: String(lease.data.role ?? 'command'),
        holds: held.filter(({ owner }) => owner === lease.owner).map(inHand),
      })),
      ...(scheduler === undefined ? {} : { scheduler: personOf(scheduler) }),
      standby: standby.map(personOf),
      due: {
        count,
        ...(since === undefined ? {} : { since: since.toISOString(), ...(await watch.oldest(now)) }),
      },
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
