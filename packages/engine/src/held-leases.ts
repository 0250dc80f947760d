import { Fault, type RunId, type TaskId } from '@drover/model';

interface Held {
  /** On the monotonic clock. */
  until: number;
  abort: AbortController;
  windDown: AbortController;
  runId: RunId | undefined;
  /** For good: whatever the store says later, somebody may have taken over in between. */
  isLost: boolean;
  /** Its result is on the way to the store, which frees nothing that it is settling. */
  isSettling: boolean;
}

/** The leases that this process holds, measured on the monotonic clock: a process that slept knows that it is late. */
export class HeldLeases {
  readonly #leaseMs: number;
  readonly #now: () => number;
  readonly #held = new Map<TaskId, Held>();

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
    // A task that this process has lost without knowing may come back to it: the work of before is another's.
    this.#lose(taskId);
    this.#held.set(taskId, {
      until: askedAt + this.#leaseMs,
      abort,
      windDown: new AbortController(),
      runId,
      isLost: false,
      isSettling: false,
    });
    return abort.signal;
  }

  /** Aborts when the task is to begin nothing new: what is under way goes on. For one that is held. */
  windDownOf(taskId: TaskId): AbortSignal {
    return this.#held.get(taskId)!.windDown.signal;
  }

  /** `signal`: as `hold` gave it. A task that was lost and is held anew stays. */
  release(taskId: TaskId, signal: AbortSignal): void {
    if (this.#held.get(taskId)?.abort.signal === signal) this.#held.delete(taskId);
  }

  /** The task's result goes to the store now, and nothing else comes of it: its lease is not prolonged any more. */
  settle(taskId: TaskId): void {
    const lease = this.#held.get(taskId);
    if (lease !== undefined) lease.isSettling = true;
  }

  /**
   * Tasks whose leases are to be prolonged. What was lost is left to run out in the store, so that somebody takes it up; what is
   * being settled is locked there, and asking for it would wait for the others that settle.
   */
  get taskIds(): TaskId[] {
    return [...this.#held].flatMap(([taskId, { isLost, isSettling }]) =>
      isLost || isSettling ? [] : [taskId],
    );
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
    if (lease?.isLost === false && this.#now() < lease.until) return;
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

  /** What is in flight of one run begins nothing new. */
  windDown(cancelled: RunId): void {
    for (const { runId, windDown } of this.#held.values()) if (runId === cancelled) windDown.abort();
  }

  #lose(taskId: TaskId): void {
    const lease = this.#held.get(taskId);
    if (lease === undefined) return;
    lease.isLost = true;
    lease.abort.abort(new Fault('LEASE_LOST', `The lease on ${taskId} is over.`));
  }
}
