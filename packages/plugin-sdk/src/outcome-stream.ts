import type { HookSession } from './hook-session.js';

/** Hands outcomes to the host as they come: those that come while the host is busy leave together. */
export class OutcomeStream {
  readonly #session: HookSession;
  #gathered: unknown[] = [];
  #sending: Promise<void> | undefined;
  #failure: { thrown: unknown } | undefined;

  constructor(session: HookSession) {
    this.#session = session;
  }

  add(outcome: unknown): void {
    this.#gathered.push(outcome);
    this.#sending ??= this.#send();
  }

  async #send(): Promise<void> {
    // Outcomes that are ready in the same turn share a frame.
    await Promise.resolve();
    try {
      while (this.#gathered.length > 0) {
        const outcomes = this.#gathered;
        this.#gathered = [];
        await this.#session.ask({ what: 'outcomes', outcomes });
      }
    } catch (thrown) {
      this.#failure ??= { thrown };
    }
    this.#sending = undefined;
  }

  /** Resolves when the host has all that was added; rejects when it refused some. */
  async drained(): Promise<void> {
    await this.#sending;
    if (this.#failure) throw this.#failure.thrown;
  }
}
