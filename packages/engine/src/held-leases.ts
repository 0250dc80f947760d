import { Fault, type RunId, type TaskId } from '@drover/model';

/** The leases that this process holds, measured on the monotonic clock: a process that slept knows that it is late. */
export class HeldLeases {
  readonly #leaseMs: number;
  readonly #now: () => number;
  readonly #held = new Map<TaskId, { until: number; abort: AbortController; runId: RunId | undefined }>();

  constructor(options: { leaseMs: number; now?: () => number }) {
    this.#leaseMs = options.leaseMs;
    this.#now = options.now ?? (() => performance.now());
  }

  get size(): number {
    return this.#held.size;
  }

  /**
   * `askedAt`: the monotonic time before the claim was sent, since the store counts from then at the earliest. `runId`:
   * the run whose cancelling at once cuts the task off; absent for what a run still does after its cancel.
   */
  hold(taskId: TaskId, { askedAt, runId }: { askedAt: number; runId?: RunId | undefined }): AbortSignal {
    const abort = new AbortController();
    this.#held.set(taskId, { until: askedAt + this.#leaseMs, abort, runId });
    return abort.signal;
  }

  /** `signal`: as `hold` gave it. A task that was lost and is held anew stays. */
  release(taskId: TaskId, signal: AbortSignal): void {
    if (this.#held.get(taskId)?.abort.signal === signal) this.#held.delete(taskId);
  }

  /** Tasks that are held now. */
  get taskIds(): TaskId[] {
    return [...this.#held.keys()];
  }

  /**
   * Prolongs those of the `asked` leases that the store confirmed; the others are lost, and their work is aborted. What is
   * held since nobody has asked about.
   */
  confirm(
    asked: readonly TaskId[],
    { confirmed, askedAt }: { confirmed: readonly TaskId[]; askedAt: number },
  ): void {
    const isConfirmed = new Set(confirmed);
    for (const taskId of asked) {
      const lease = this.#held.get(taskId);
      if (lease === undefined) continue;
      if (isConfirmed.has(taskId)) lease.until = Math.max(lease.until, askedAt + this.#leaseMs);
      else this.#lose(taskId);
    }
  }

  /** Throws `LEASE_LOST` when the task's lease is over: asked right before each vendor write. */
  check(taskId: TaskId): void {
    const lease = this.#held.get(taskId);
    if (lease !== undefined && this.#now() < lease.until) return;
    this.#lose(taskId);
    throw new Fault('LEASE_LOST', `The lease on ${taskId} is over; the call was not sent.`);
  }

  /** Aborts everything in flight. */
  abortAll(reason: Fault): void {
    for (const { abort } of this.#held.values()) abort.abort(reason);
  }

  /** Runs with work in flight that a cancel can cut off. */
  get runIds(): RunId[] {
    const ids = [...this.#held.values()].flatMap(({ runId }) => (runId === undefined ? [] : [runId]));
    return [...new Set(ids)];
  }

  /** Aborts what is in flight of one run. */
  cutOff(cancelled: RunId): void {
    const reason = new Fault('CANCELLED', 'The run was cancelled at once.');
    for (const { runId, abort } of this.#held.values()) if (runId === cancelled) abort.abort(reason);
  }

  #lose(taskId: TaskId): void {
    this.#held.get(taskId)?.abort.abort(new Fault('LEASE_LOST', `The lease on ${taskId} is over.`));
  }
}
