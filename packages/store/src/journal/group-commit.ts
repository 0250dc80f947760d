/**
 * Gathers what is asked for in one turn of the event loop, or while a commit is under way, and hands it over together: a
 * commit that waits for the disk is paid once for all of it.
 */
export class GroupCommit<Item, Result> {
  readonly #commit: (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Result>[]>;
  #waiting: { item: Item; settle: (result: PromiseSettledResult<Result>) => void }[] = [];
  #running = false;

  /** `commit` gives one result for each item, in order; when it rejects, all of them are rejected. */
  constructor(commit: (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Result>[]>) {
    this.#commit = commit;
  }

  add(item: Item): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const settle = (result: PromiseSettledResult<Result>): void =>
      result.status === 'fulfilled' ? resolve(result.value) : reject(result.reason);
    this.#waiting.push({ item, settle });
    if (!this.#running) {
      this.#running = true;
      setImmediate(() => void this.#run());
    }
    return promise;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const results = await this.#commit(batch.map(({ item }) => item));
        for (const [at, { settle }] of batch.entries()) settle(results[at]!);
      } catch (reason) {
        for (const { settle } of batch) settle({ status: 'rejected', reason });
      }
    }
    this.#running = false;
  }
}
