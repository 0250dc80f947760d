import { type Fault, asFault } from '@drover/model';
import type { ScheduleSource } from './ports/feed-ledger.js';
import type { Leases } from './ports/leases.js';
import { type LeaseSeeker, takeLease } from './take-lease.js';

/** Name of the lease of the process that fires what is due. */
export const SCHEDULER_LEASE = 'scheduler';
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
    await this.#leases.release(SCHEDULER_LEASE, this.#options.owner);
  }

  async #tick(): Promise<void> {
    try {
      if ((await takeLease(this.#leases, SCHEDULER_LEASE, this.#options)) === undefined) return;
      let fired = 0;
      for (const source of this.#sources) fired += await source.fireDue({ now: this.#options.now() });
      if (fired > 0) await this.#options.onFired();
    } catch (thrown) {
      this.#options.onError(asFault(thrown));
    }
  }
}
