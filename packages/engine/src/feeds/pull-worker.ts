import { Fault, type PullId, asFault } from '@drover/model';
import type { SideWork } from '../executor.js';
import type { FeedLedger } from '../ports/feed-ledger.js';
import type { ReapRule } from '../ports/run-ledger.js';
import { type PullRunner, stopReason } from './pull-runner.js';

export interface PullWorkerOptions {
  owner: string;
  /** Pulls in flight in this process. */
  concurrency: number;
  leaseMs: number;
  now: () => Date;
  onError(fault: Fault): void;
}

interface InFlight {
  /** End of the lease on the monotonic clock: a process that slept knows that it is late. */
  until: number;
  abort: AbortController;
  done: Promise<void>;
}

/** Takes up pulls that are due, within its concurrency, while this process is the executor. */
export class PullWorker implements SideWork {
  readonly #ports: { feeds: FeedLedger; runner: PullRunner };
  readonly #options: PullWorkerOptions;
  readonly #inFlight = new Map<PullId, InFlight>();
  #isActive = false;
  #renewedAt = 0;
  #claiming: Promise<void> | undefined;

  constructor(ports: { feeds: FeedLedger; runner: PullRunner }, options: PullWorkerOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  async begin(rule: ReapRule): Promise<void> {
    // First: whatever of the rest fails is done by the next tick.
    this.#isActive = true;
    this.#renewedAt = performance.now();
    await this.#ports.feeds.reap({ now: this.#options.now(), ...rule });
    await this.wake();
  }

  async tick(rule: ReapRule): Promise<void> {
    const { now, leaseMs } = this.#options;
    if (this.#inFlight.size > 0 && performance.now() - this.#renewedAt >= leaseMs / 3) await this.#renew();
    await this.#ports.feeds.reap({ now: now(), ...rule });
    await this.wake();
  }

  /** Looks for pulls that are due; resolves when it has looked. */
  async wake(): Promise<void> {
    this.#claiming ??= this.#claim().finally(() => (this.#claiming = undefined));
    await this.#claiming;
  }

  cutOff(reason: Fault): void {
    this.#isActive = false;
    for (const { abort } of this.#inFlight.values()) abort.abort(reason);
  }

  async stop(): Promise<void> {
    this.cutOff(stopReason());
    await this.#claiming;
    await Promise.all([...this.#inFlight.values()].map(({ done }) => done));
  }

  async #claim(): Promise<void> {
    const { concurrency, owner, leaseMs, now, onError } = this.#options;
    try {
      while (this.#isActive && this.#inFlight.size < concurrency) {
        const askedAt = performance.now();
        const pull = await this.#ports.feeds.claim({ owner, leaseMs, now: now() });
        if (pull === undefined) return;
        const abort = new AbortController();
        const flight: InFlight = { until: askedAt + leaseMs, abort, done: Promise.resolve() };
        // A pull that this process has lost without knowing may come back to it: the work of before is another's.
        lose(this.#inFlight.get(pull.id), pull.id);
        this.#inFlight.set(pull.id, flight);
        if (!this.#isActive) abort.abort(stopReason());
        const hold = { signal: abort.signal, check: () => check(flight, pull.id) };
        flight.done = this.#ports.runner
          .run(pull, hold)
          .catch((thrown: unknown) => onError(asFault(thrown)))
          .finally(() => this.#leave(pull.id, flight));
      }
    } catch (thrown) {
      onError(asFault(thrown));
    }
  }

  #leave(id: PullId, flight: InFlight): void {
    if (this.#inFlight.get(id) === flight) this.#inFlight.delete(id);
    if (this.#isActive) void this.wake();
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now();
    const { owner, leaseMs, now } = this.#options;
    const asked = [...this.#inFlight].flatMap(([id, { abort }]) => (abort.signal.aborted ? [] : [id]));
    const confirmed = new Set(await this.#ports.feeds.renew(owner, asked, { leaseMs, now: now() }));
    this.#renewedAt = askedAt;
    for (const id of asked) {
      const flight = this.#inFlight.get(id);
      if (flight === undefined) continue;
      if (confirmed.has(id)) flight.until = Math.max(flight.until, askedAt + leaseMs);
      else lose(flight, id);
    }
  }
}

/** Throws `LEASE_LOST` when the lease is over; it stays over. */
function check(flight: InFlight, id: PullId): void {
  if (!flight.abort.signal.aborted && performance.now() < flight.until) return;
  lose(flight, id);
  throw new Fault('LEASE_LOST', `The lease on ${id} is over; its page was not kept.`);
}

function lose(flight: InFlight | undefined, id: PullId): void {
  flight?.abort.abort(new Fault('LEASE_LOST', `The lease on ${id} is over.`));
}
