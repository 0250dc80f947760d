import { Fault } from '@drover/model';

/** Passes outcomes on one call at a time, and stops a plugin that gives far more of them than it was given objects. */
export class OutcomeSink {
  readonly #deliver: ((outcomes: unknown[]) => Promise<void>) | undefined;
  readonly #kept: unknown[] = [];
  #offered: number;
  #taken = 0;
  #last: Promise<void> = Promise.resolve();

  /** Without `deliver`, outcomes are kept. `offered` is how many objects the hook has been given so far. */
  constructor(options: { deliver: ((outcomes: unknown[]) => Promise<void>) | undefined; offered: number }) {
    this.#deliver = options.deliver;
    this.#offered = options.offered;
  }

  /** Outcomes that were not passed on; `undefined` when all were. */
  get kept(): unknown[] | undefined {
    return this.#deliver ? undefined : this.#kept;
  }

  /** Objects without an outcome, as far as outcomes came as they were ready. */
  get open(): number {
    return Math.max(0, this.#offered - this.#taken);
  }

  offer(objects: number): void {
    this.#offered += objects;
  }

  /** Faults: what `deliver` rejects with; `PLUGIN_CONTRACT` for no outcomes, or for more than two an object. */
  async take(outcomes: unknown[]): Promise<void> {
    this.#taken += outcomes.length;
    // Doubled ones are the engine's to judge; a flood of them is not worth its time.
    if (outcomes.length === 0 || this.#taken > 2 * this.#offered) {
      throw new Fault(
        'PLUGIN_CONTRACT',
        `The plugin gave ${this.#taken} outcomes for the ${this.#offered} objects that it was given.`,
      );
    }
    if (!this.#deliver) {
      this.#kept.push(...outcomes);
      return;
    }
    const deliver = this.#deliver;
    this.#last = this.#last.then(() => deliver(outcomes));
    await this.#last;
  }
}
