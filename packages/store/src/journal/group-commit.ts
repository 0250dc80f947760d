type Commit<Item, Result> = (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Result>[]>;
type Waiting<Item, Result> = { item: Item; settle: (result: PromiseSettledResult<Result>) => void };

/**
 * Gathers what is asked for in one turn of the event loop, or while a commit is under way, and hands it over together: a
 * commit that waits for the disk is paid once for all of it.
 */
export class GroupCommit<Item, Result> {
  readonly #commit: Commit<Item, Result>;
  readonly #areInOrder: boolean;
  #waiting: Waiting<Item, Result>[] = [];
  #isComing = false;
  /** How many items each commit under way has. */
  readonly #underWay: number[] = [];

  /**
   * `commit` gives one result for each item, in order; when it rejects, all of them are rejected.
   *
   * @param options.areInOrder a commit that is asked for while another is under way is on the disk after it: then what comes while a
   * single item is under way waits in the database's line and not in this one
   */
  constructor(commit: Commit<Item, Result>, { areInOrder }: { areInOrder: boolean }) {
    this.#commit = commit;
    this.#areInOrder = areInOrder;
  }

  add(item: Item): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const settle = (result: PromiseSettledResult<Result>): void =>
      result.status === 'fulfilled' ? resolve(result.value) : reject(result.reason);
    this.#waiting.push({ item, settle });
    if (!this.#isComing && this.#mayBegin()) {
      this.#isComing = true;
      setImmediate(() => {
        this.#isComing = false;
        void this.#run();
      });
    }
    return promise;
  }

  #mayBegin(): boolean {
    const [items, ...more] = this.#underWay;
    return items === undefined || (this.#areInOrder && items === 1 && more.length === 0);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && this.#mayBegin()) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#underWay.push(batch.length);
      try {
        const results = await this.#commit(batch.map(({ item }) => item));
        for (const [at, { settle }] of batch.entries()) settle(results[at]!);
      } catch (reason) {
        for (const { settle } of batch) settle({ status: 'rejected', reason });
      }
      this.#underWay.shift();
    }
  }
}
