import { Fault, asFault } from '@drover/model';
import type { HeldLeases } from './held-leases.js';
import type { Doorbell } from './ports/doorbell.js';
import type { Leases } from './ports/leases.js';
import type { ClaimResult, ReapRule, RunLedger, Worker } from './ports/run-ledger.js';
import { giveLeaseBack, takeLease } from './take-lease.js';
import type { TaskRunner } from './task-runner.js';
import { EXECUTOR_LEASE, WORKER_LEASE, goneWorkers, livingWorkers } from './workforce.js';

export interface ExecutorOptions {
  /** Unique to this process, such as host, process id and a random part. */
  owner: string;
  /** What is stored beside the executor lease for other processes to judge whether this one lives. */
  self: Record<string, unknown>;
  /** Whether the process that a lease describes is known to be dead. Unknown counts as alive. */
  isDead(self: Record<string, unknown>): boolean;
  /** Tasks in flight in this process. */
  concurrency: number;
  /** Whether other processes execute over the same store at the same time; else one does, by lease. */
  shared: boolean;
  /** How long a task stays leased without a sign of life. */
  leaseMs: number;
  now: () => Date;
  /** Told of faults that have no run to be stored with. */
  onError(fault: Fault): void;
  /** Told when this process has ended a run. */
  onRunEnded(): void;
}

/** Other work that the executing process does beside runs. It is told how the process stands, and sees to the rest. */
export interface SideWork {
  /** The process executes now; the rule says whose work is free. */
  begin(rule: ReapRule): Promise<void>;
  /** Called about once a second while it executes. */
  tick(rule: ReapRule): Promise<void>;
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

export interface StartOptions {
  /** Execute only while no other process does. Where one executes alone it makes no difference. */
  asReserve?: boolean;
  /** What other processes are told that this one is, such as `worker`. */
  role?: string;
}

/** How often due work is looked for without a ring, and a lease held elsewhere is asked for again. */
const RECONCILE_MS = 1_000;

/** A claim and the monotonic time before it was sent. */
type Claim = ClaimResult & { askedAt: number };

/**
 * Executes due work. Alone, while this process holds the executor lease: of all processes that have the data folder open,
 * one executes and the others watch. Shared, any number do: each holds a lease of its own, which says that it lives, and the
 * store hands every task to one of them. What a dead process held is free when its lease runs out, on the same machine at once.
 */
export class Executor {
  readonly #ports: ExecutorPorts;
  readonly #options: ExecutorOptions;
  #state: 'idle' | 'seeking' | 'executing' | 'stopped' = 'idle';
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();
  #renewedAt = 0;
  #start: StartOptions = {};

  constructor(ports: ExecutorPorts, options: ExecutorOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  get isExecuting(): boolean {
    return this.#state === 'executing';
  }

  /** Begins now if it may, and keeps trying otherwise. Resolves after the first try. */
  async start(options: StartOptions = {}): Promise<void> {
    if (this.#state !== 'idle') return;
    this.#start = options;
    this.#state = 'seeking';
    this.#renewing = this.#tick();
    await this.#renewing;
    if (!this.#isOn) return;
    this.#timer = setInterval(() => {
      this.#renewing = this.#renewing.then(() => this.#tick());
    }, RECONCILE_MS);
  }

  /** Lets what is in flight settle, then gives the lease back. After `drainMs`, what is left is aborted. */
  async stop({ drainMs }: { drainMs?: number } = {}): Promise<void> {
    if (this.#state === 'idle' || this.#state === 'stopped') return;
    this.#state = 'stopped';
    const deadline = drainMs === undefined ? undefined : setTimeout(() => this.#cutOff(), drainMs);
    await Promise.all([this.#ports.doorbell.close(), this.#ports.side.stop()]);
    clearTimeout(deadline);
    clearInterval(this.#timer);
    await this.#renewing;
    await giveLeaseBack(this.#ports.leases, this.#leaseName, this.#options);
  }

  /** As `stop`, but aborts what is in flight instead of waiting for its natural end. */
  async abort(): Promise<void> {
    this.#cutOff();
    await this.stop();
  }

  /**
   * Has what is in flight here of runs that were cancelled, by this process or by another one, begin nothing new; what was cancelled at
   * once is cut off.
   */
  async heedCancels(): Promise<void> {
    const { ledger, held } = this.#ports;
    const inFlight = held.runIds;
    if (inFlight.length === 0) return;
    for (const { runId, atOnce } of await ledger.cancelled(inFlight)) {
      if (atOnce) held.cutOff(runId);
      else held.windDown(runId);
    }
  }

  #cutOff(): void {
    const atOnce = new Fault('LEASE_LOST', 'The process was told to stop at once.');
    this.#ports.held.abortAll(atOnce);
    this.#ports.side.cutOff(atOnce);
  }

  get #leaseName(): string {
    return this.#options.shared ? `${WORKER_LEASE}${this.#options.owner}` : EXECUTOR_LEASE;
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
    if (await this.#isNotNeeded()) return;
    const { shared, owner, now } = this.#options;
    const self = this.#self();
    const lease = await takeLease(this.#ports.leases, this.#leaseName, { ...this.#options, self });
    if (lease === undefined) return;
    const takenAt = performance.now();
    const rule = shared ? await this.#goneRule() : { onlyOwner: owner };
    await this.#ports.ledger.reap({ now: now(), ...rule });
    await this.#ports.doorbell.listen(() => this.#workOnce(), { concurrency: this.#options.concurrency });
    // Only now: what fails before this is tried again from the start.
    if (!this.#isSeeking) return;
    this.#state = 'executing';
    this.#renewedAt = takenAt;
    this.#ports.doorbell.look();
    await this.#ports.side.begin(rule);
  }

  /** As `#isSeeking`. */
  get #isOn(): boolean {
    return this.#state === 'seeking' || this.#state === 'executing';
  }

  /** It may be stopped while it waits for something. */
  get #isSeeking(): boolean {
    return this.#state === 'seeking';
  }

  async #isNotNeeded(): Promise<boolean> {
    const { shared, isDead, now } = this.#options;
    if (!shared || this.#start.asReserve !== true) return false;
    return (await livingWorkers(this.#ports.leases, { isDead, now: now() })).length > 0;
  }

  /** What the lease says of this process. */
  #self(): Record<string, unknown> {
    const { role } = this.#start;
    return { ...this.#options.self, ...(role === undefined ? {} : { role }) };
  }

  async #goneRule(): Promise<ReapRule> {
    const { isDead, now } = this.#options;
    const gone = await goneWorkers(this.#ports.leases, { isDead, now: now() });
    return { goneOwners: gone.map(({ owner }) => owner) };
  }

  async #maintain(): Promise<void> {
    const { ledger, held } = this.#ports;
    const { owner, leaseMs } = this.#options;
    const askedAt = performance.now();
    if (askedAt - this.#renewedAt >= leaseMs / 3) {
      const now = this.#options.now();
      const data = this.#self();
      const lease = await this.#ports.leases.take(this.#leaseName, owner, { ttlMs: leaseMs, now, data });
      if (lease === undefined) return this.#standBack();
      const asked = held.taskIds;
      held.confirm(asked, { confirmed: await ledger.renewLeases(owner, asked, { leaseMs, now }), askedAt });
      this.#renewedAt = askedAt;
    }
    await this.#reap((rule) => this.#lookRound(rule));
  }

  async #lookRound(rule: ReapRule): Promise<void> {
    await this.heedCancels();
    if (this.#state !== 'executing') return;
    this.#ports.doorbell.look();
    await this.#ports.side.tick(rule);
  }

  /** The executor lease is another process's by now. */
  #standBack(): void {
    this.#state = 'seeking';
    const lost = new Fault('LEASE_LOST', 'Another process executes now.');
    this.#ports.held.abortAll(lost);
    this.#ports.side.cutOff(lost);
    this.#options.onError(
      new Fault('LEASE_LOST', 'Another process executes now; this one stopped executing.'),
    );
  }

  /** Frees what dead processes held, and forgets them in the end. Each worker does: freeing twice changes nothing. */
  async #reap(proceed: (rule: ReapRule) => Promise<void>): Promise<void> {
    const { ledger, leases } = this.#ports;
    const { shared, isDead, now } = this.#options;
    const gone = shared ? await goneWorkers(leases, { isDead, now: now() }) : [];
    const rule = { goneOwners: gone.map((worker) => worker.owner) };
    await ledger.reap({ now: now(), ...rule });
    await proceed(rule);
    if (this.#state === 'executing') for (const worker of gone) await leases.forget(worker);
  }

  /** Claims a task and runs it to its settlement, and so on with what is claimed by that; false when nothing is left to claim. */
  async #workOnce(): Promise<boolean> {
    try {
      return this.#state === 'executing' && (await this.#claimAndRun());
    } catch (thrown) {
      this.#options.onError(asFault(thrown));
      return false;
    }
  }

  async #claimAndRun(): Promise<boolean> {
    const { ledger, doorbell } = this.#ports;
    const askedAt = performance.now();
    let claim: Claim | undefined = { ...(await ledger.claim(this.#worker())), askedAt };
    let hadMore = false;
    while (claim?.task !== undefined) {
      // Who rang when there was more has woken whoever could take it; settling and claiming leaves as much as there was.
      if (claim.more && !hadMore) await doorbell.ring();
      hadMore = claim.more;
      claim = await this.#run(claim);
    }
    if (claim === undefined) return true;
    const delayMs = (claim.nextDueAt?.getTime() ?? Infinity) - this.#options.now().getTime();
    if (delayMs < RECONCILE_MS) await doorbell.ring({ delayMs: Math.max(1, delayMs) });
    return false;
  }

  /** Runs a claimed task; what was claimed with its settlement comes back. */
  async #run({ task, askedAt }: Extract<Claim, { more: boolean }>): Promise<Claim | undefined> {
    const { held, runner } = this.#ports;
    const signal = held.hold(task.id, {
      askedAt,
      runId: task.run.stopped === undefined ? task.run.id : undefined,
    });
    let nextAskedAt = 0;
    const nextWorker = (): Worker | undefined => {
      held.settle(task.id);
      nextAskedAt = performance.now();
      return this.#state === 'executing' ? this.#worker() : undefined;
    };
    try {
      const next = await runner.run(task, { signal, windDown: held.windDownOf(task.id), nextWorker });
      return next === undefined ? undefined : { ...next, askedAt: nextAskedAt };
    } finally {
      held.release(task.id, signal);
      if (task.kind === 'finish') this.#options.onRunEnded();
    }
  }

  #worker(): Worker {
    const { owner, leaseMs, now } = this.#options;
    return { owner, leaseMs, now: now() };
  }
}
