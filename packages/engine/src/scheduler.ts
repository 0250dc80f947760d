import { type Fault, asFault } from '@drover/model';
import type { ScheduleSource } from './ports/feed-ledger.js';
import type { Leases } from './ports/leases.js';
import { FORGET_AFTER_MS } from './workforce.js';
import { type LeaseSeeker, giveLeaseBack, takeLease } from './take-lease.js';

/** Name of the lease of the process that fires what is due. */
export const SCHEDULER_LEASE = 'scheduler';
/** What the leases begin with by which processes that would take over say that they live. */
export const STANDBY_LEASE = 'scheduler-standby:';
const TICK_MS = 1_000;

export type SchedulerOptions = LeaseSeeker & {
  /** Told when something was fired: whoever executes may look. */
  onFired(): void | Promise<void>;
  onError(fault: Fault): void;
};

/**
 * Fires what its sources have due, while this process holds the scheduler lease: of all processes that want to, one does.
 * The lease saves work; that nothing is fired twice is the sources' own affair, so that two schedulers do no harm.
 */
export class Scheduler {
  readonly #leases: Leases;
  readonly #sources: readonly ScheduleSource[];
  readonly #options: SchedulerOptions;
  /** When it last said that it stands by; undefined while it does not. */
  #stoodByAt: Date | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> = Promise.resolve();

  constructor(ports: { leases: Leases; sources: readonly ScheduleSource[] }, options: SchedulerOptions) {
    this.#leases = ports.leases;
    this.#sources = ports.sources;
    this.#options = options;
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      this.#ticking = this.#ticking.then(() => this.#tick());
    }, TICK_MS);
    this.#ticking = this.#tick();
    await this.#ticking;
  }

  /** Ends after the look under way, and gives the lease back. */
  async stop(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#ticking;
    await giveLeaseBack(this.#leases, SCHEDULER_LEASE, this.#options);
    await this.#standDown().catch((thrown: unknown) => this.#options.onError(asFault(thrown)));
  }

  async #tick(): Promise<void> {
    try {
      if ((await takeLease(this.#leases, SCHEDULER_LEASE, this.#options)) === undefined) {
        await this.#standBy();
        return;
      }
      await this.#standDown();
      let fired = 0;
      for (const source of this.#sources) fired += await source.fireDue({ now: this.#options.now() });
      if (fired > 0) await this.#options.onFired();
    } catch (thrown) {
      this.#options.onError(asFault(thrown));
    }
  }

  /** Says that it would take over, for whoever wants to know; forgets those that say so no more. */
  async #standBy(): Promise<void> {
    const { owner, self, leaseMs, now } = this.#options;
    const at = now();
    if (this.#stoodByAt !== undefined && at.getTime() - this.#stoodByAt.getTime() < leaseMs / 3) return;
    await this.#leases.take(`${STANDBY_LEASE}${owner}`, owner, { ttlMs: leaseMs, now: at, data: self });
    this.#stoodByAt = at;
    for (const lease of await this.#leases.list(STANDBY_LEASE))
      if (at.getTime() - lease.until.getTime() > FORGET_AFTER_MS) await this.#leases.forget(lease);
  }

  async #standDown(): Promise<void> {
    if (this.#stoodByAt === undefined) return;
    const { owner } = this.#options;
    const name = `${STANDBY_LEASE}${owner}`;
    const lease = await this.#leases.read(name);
    if (lease?.owner === owner) await this.#leases.forget({ name, owner, token: lease.token });
    this.#stoodByAt = undefined;
  }
}
