/**
 * Those who wait for one rate group of one connection, first come, first served: only the first asks the governor, so
 * that nobody who came later takes the grant for which another waits.
 */
export class GrantLine {
  readonly #tickets = new Set<symbol>();
  #opensAtMs = 0;
  #changed = Promise.withResolvers<void>();

  /** When the first in line expects its grant; 0 when it does not wait. */
  get opensAtMs(): number {
    return this.#opensAtMs;
  }

  /** Resolves when somebody left or the first began to wait: time to look again. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  join(): symbol {
    const ticket = Symbol('ticket');
    this.#tickets.add(ticket);
    return ticket;
  }

  isFirst(ticket: symbol): boolean {
    return this.#tickets.values().next().value === ticket;
  }

  /** Said by the first in line, for those behind it. */
  waitUntil(timeMs: number): void {
    this.#opensAtMs = timeMs;
    if (this.#tickets.size > 1) this.#tell();
  }

  leave(ticket: symbol): void {
    if (this.isFirst(ticket)) this.#opensAtMs = 0;
    this.#tickets.delete(ticket);
    if (this.#tickets.size > 0) this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
