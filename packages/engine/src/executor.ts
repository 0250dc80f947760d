import { Fault, asFault } from '@drover/model';
import type { HeldLeases } from './held-leases.js';
import type { Doorbell } from './ports/doorbell.js';
import type { Leases } from './ports/leases.js';
import type { RunLedger } from './ports/run-ledger.js';
import { takeLease } from './take-lease.js';
import type { TaskRunner } from './task-runner.js';

export interface ExecutorOptions {
  /** Unique to this process, such as host, process id and a random part. */
  owner: string;
  /** What is stored beside the executor lease for other processes to judge whether this one lives. */
  self: Record<string, unknown>;
  /** Whether the process that a lease describes is known to be dead. Unknown counts as alive. */
  isDead(self: Record<string, unknown>): boolean;
  /** Tasks in flight in this process. */
  concurrency: number;
  /** How long a task stays leased without a sign of life. */
  leaseMs: number;
  now: () => Date;
  /** Told of faults that have no run to be stored with. */
  onError(fault: Fault): void;
}

/** Other work that the executing process does beside runs. It is told how the process stands, and sees to the rest. */
export interface SideWork {
  /** The process executes now: what others held is free. */
  begin(): Promise<void>;
  /** Called about once a second while it executes. */
  tick(): Promise<void>;
  /** The process does not execute any more, for this reason: cuts off what is in flight. */
  cutOff(reason: Fault): void;
  /** Takes up nothing more and brings what is in flight to a good place. */
  stop(): Promise<void>;
}

export interface ExecutorPorts {
  ledger: RunLedger;
  leases: Leases;
  doorbell: Doorbell;
  held: HeldLeases;
  runner: TaskRunner;
  side: SideWork;
}

/** Name of the lease that the executing process holds. */
export const EXECUTOR_LEASE = 'executor';
/** How often due work is looked for without a ring, and a lease held elsewhere is asked for again. */
const RECONCILE_MS = 1_000;

/**
 * Executes due work while this process holds the executor lease: of all processes that have the data folder open, one
 * executes and the others watch. A dead holder on the same machine is found by its process id, else its lease runs out.
 */
export class Executor {
  readonly #ports: ExecutorPorts;
  readonly #options: ExecutorOptions;
  #state: 'idle' | 'seeking' | 'executing' | 'stopped' = 'idle';
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();
  #renewedAt = 0;

  constructor(ports: ExecutorPorts, options: ExecutorOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  get isExecuting(): boolean {
    return this.#state === 'executing';
  }

  /** Takes the lease now if it is free, and keeps trying otherwise. Resolves after the first try. */
  async start(): Promise<void> {
    if (this.#state !== 'idle') return;
    this.#state = 'seeking';
    await this.#tick();
    this.#timer = setInterval(() => {
      this.#renewing = this.#renewing.then(() => this.#tick());
    }, RECONCILE_MS);
  }

  /** Lets what is in flight settle, then gives the lease back. */
  async stop(): Promise<void> {
    const wasExecuting = this.#state === 'executing';
    if (this.#state === 'idle' || this.#state === 'stopped') return;
    this.#state = 'stopped';
    await Promise.all([this.#ports.doorbell.close(), this.#ports.side.stop()]);
    clearInterval(this.#timer);
    await this.#renewing;
    if (wasExecuting) await this.#ports.leases.release(EXECUTOR_LEASE, this.#options.owner);
  }

  /** As `stop`, but aborts what is in flight instead of waiting for its natural end. */
  async abort(): Promise<void> {
    const atOnce = new Fault('LEASE_LOST', 'The process was told to stop at once.');
    this.#ports.held.abortAll(atOnce);
    this.#ports.side.cutOff(atOnce);
    await this.stop();
  }

  /** Aborts what is in flight here of runs that were cancelled at once, by this process or by another one. */
  async cutOffCancelled(): Promise<void> {
    const { ledger, held } = this.#ports;
    const inFlight = held.runIds;
    if (inFlight.length === 0) return;
    for (const runId of await ledger.cancelledAtOnce(inFlight)) held.cutOff(runId);
  }

  async #tick(): Promise<void> {
    try {
      if (this.#state === 'seeking') await this.#seek();
      else await this.#maintain();
    } catch (thrown) {
      this.#options.onError(asFault(thrown));
    }
  }

  async #seek(): Promise<void> {
    const lease = await takeLease(this.#ports.leases, EXECUTOR_LEASE, this.#options);
    if (lease === undefined) return;
    this.#state = 'executing';
    this.#renewedAt = performance.now();
    await this.#ports.ledger.reap({ now: this.#options.now(), onlyOwner: this.#options.owner });
    await this.#ports.doorbell.listen(() => this.#workOnce(), { concurrency: this.#options.concurrency });
    this.#ports.doorbell.look();
    await this.#ports.side.begin();
  }

  async #maintain(): Promise<void> {
    const { ledger, held, doorbell } = this.#ports;
    const { owner, leaseMs } = this.#options;
    const askedAt = performance.now();
    if (askedAt - this.#renewedAt >= leaseMs / 3) {
      const now = this.#options.now();
      const lease = await this.#ports.leases.take(EXECUTOR_LEASE, owner, {
        ttlMs: leaseMs,
        now,
        data: this.#options.self,
      });
      if (lease === undefined) {
        this.#state = 'seeking';
        const lost = new Fault('LEASE_LOST', 'Another process executes now.');
        held.abortAll(lost);
        this.#ports.side.cutOff(lost);
        this.#options.onError(
          new Fault('LEASE_LOST', 'Another process executes now; this one stopped executing.'),
        );
        return;
      }
      held.confirm(await ledger.renewLeases(owner, { leaseMs, now }), askedAt);
      this.#renewedAt = askedAt;
    }
    await ledger.reap({ now: this.#options.now() });
    await this.cutOffCancelled();
    if (this.#state === 'executing') doorbell.look();
    if (this.#state === 'executing') await this.#ports.side.tick();
  }

  /** Claims one task and runs it to its settlement; false when there was none. */
  async #workOnce(): Promise<boolean> {
    try {
      return this.#state === 'executing' && (await this.#claimAndRun());
    } catch (thrown) {
      this.#options.onError(asFault(thrown));
      return false;
    }
  }

  async #claimAndRun(): Promise<boolean> {
    const { ledger, held, runner, doorbell } = this.#ports;
    const { owner, leaseMs } = this.#options;
    const askedAt = performance.now();
    const claimed = await ledger.claim({ owner, leaseMs, now: this.#options.now() });
    if (claimed.task === undefined) {
      const delayMs = (claimed.nextDueAt?.getTime() ?? Infinity) - this.#options.now().getTime();
      if (delayMs < RECONCILE_MS) await doorbell.ring({ delayMs: Math.max(1, delayMs) });
      return false;
    }
    const { task, more } = claimed;
    if (more) await doorbell.ring();
    const signal = held.hold(task.id, {
      askedAt,
      runId: task.run.stopped === undefined ? task.run.id : undefined,
    });
    try {
      await runner.run(task, signal);
    } finally {
      held.release(task.id);
    }
    return true;
  }
}
