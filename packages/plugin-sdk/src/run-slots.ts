/** So many at a time, over all hooks of a run; whoever came first is next. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** The `executeOne` calls that runs may have in flight: several batches of one run share what its concurrency allows. */
export class RunSlots {
  readonly #runs = new Map<string, { slots: Slots; hooks: number }>();

  /** Lends a hook the slots of its run while it works. */
  async during<Result>(
    { runId, concurrency }: { runId: string; concurrency: number },
    work: (slots: Slots) => Promise<Result>,
  ): Promise<Result> {
    const run = this.#runs.get(runId) ?? { slots: new Slots(Math.max(1, concurrency)), hooks: 0 };
    this.#runs.set(runId, run);
    run.hooks += 1;
    try {
      return await work(run.slots);
    } finally {
      run.hooks -= 1;
      if (run.hooks === 0) this.#runs.delete(runId);
    }
  }
}
