/** So many at a time, over all hooks of a plugin; whoever came first is next. */
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

/** The `executeOne` calls that plugins may have in flight: all batches of one share what its concurrency allows, of whichever run they are. */
export class PluginSlots {
  readonly #slots = new WeakMap<object, Slots>();

  /** `concurrency` is the same each time for one definition. */
  of(definition: object, concurrency: number): Slots {
    let slots = this.#slots.get(definition);
    if (slots === undefined) this.#slots.set(definition, (slots = new Slots(Math.max(1, concurrency))));
    return slots;
  }
}
