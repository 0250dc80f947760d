import type { Refused } from '@drover/engine';

/** A place in a line. */
export interface Ticket {
  /** Ends the wait of its holder; absent while that waits for nothing. */
  call?: (() => void) | undefined;
}

/**
 * Those who wait for one rate group of one connection, first come, first served: only the first asks the governor, so
 * that nobody who came later takes the grant for which another waits.
 */
export class GrantLine {
  readonly #tickets = new Set<Ticket>();
  #opensAtMs = 0;
  #waitsFor: Refused['because'] = 'limit';

  /** When the first in line expects its grant; 0 when it does not wait for one. */
  get opensAtMs(): number {
    return this.#opensAtMs;
  }

  /** What the first in line waits for. */
  get waitsFor(): Refused['because'] {
    return this.#waitsFor;
  }

  join(): Ticket {
    const ticket: Ticket = {};
    this.#tickets.add(ticket);
    return ticket;
  }

  isFirst(ticket: Ticket): boolean {
    return this.#first === ticket;
  }

  /** Resolves when the ticket has become the first, or the first began to wait: time to look again. */
  called(ticket: Ticket): Promise<void> {
    return new Promise((resolve) => (ticket.call = resolve));
  }

  /** Said by the first in line, for those behind it. */
  waitUntil(timeMs: number, because: Refused['because']): void {
    this.#opensAtMs = timeMs;
    this.#waitsFor = because;
    for (const ticket of this.#tickets) ticket.call?.();
  }

  leave(ticket: Ticket): void {
    const wasFirst = this.isFirst(ticket);
    this.#tickets.delete(ticket);
    if (!wasFirst) return;
    this.#opensAtMs = 0;
    // The next one alone: the others would only find that it is not their turn.
    this.#first?.call?.();
  }

  get #first(): Ticket | undefined {
    return this.#tickets.values().next().value;
  }
}
