const TICK_MS = 50;

export interface TimedHook {
  readonly invocation: { readonly timeoutMs: number; readonly isHeldUp: boolean };
}

/** Counts the time that hooks spend on their own account: while one is held up, its clock stands still. */
export class HookClock<Hook extends TimedHook> {
  readonly #onTimeout: (hook: Hook) => void;
  readonly #spent = new Map<Hook, number>();
  #timer: NodeJS.Timeout | undefined;
  #lastTick = 0;

  constructor(options: { onTimeout(hook: Hook): void }) {
    this.#onTimeout = options.onTimeout;
  }

  start(hook: Hook): void {
    this.#spent.set(hook, 0);
    if (this.#timer) return;
    this.#lastTick = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  stop(hook: Hook): void {
    this.#spent.delete(hook);
    if (this.#spent.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = performance.now();
    // A host that slept or was busy itself must not charge that to the plugin.
    const passed = Math.min(now - this.#lastTick, 2 * TICK_MS);
    this.#lastTick = now;
    for (const [hook, spent] of this.#spent) {
      if (hook.invocation.isHeldUp) continue;
      if (spent + passed < hook.invocation.timeoutMs) {
        this.#spent.set(hook, spent + passed);
        continue;
      }
      this.stop(hook);
      this.#onTimeout(hook);
    }
  }
}
