import type { FaultOrder, RequestMatch } from './fault-order.js';

interface OpenOrder {
  order: FaultOrder;
  /** Matching requests still to let through. */
  toSkip: number;
  /** Matching requests still to strike. */
  toStrike: number;
}

/** The faults on order, oldest first. An order is used up after it struck as often as asked. */
export class FaultBook {
  #open: OpenOrder[] = [];

  order(order: FaultOrder): void {
    this.#open.push({ order, toSkip: (order.nth ?? 1) - 1, toStrike: order.times ?? 1 });
  }

  /** The order that strikes this request, counted as used. Every matching order counts the request. */
  take(method: string, path: string): FaultOrder | undefined {
    if (this.#open.length === 0) return undefined;
    let striking: FaultOrder | undefined;
    for (const open of this.#open) {
      if (!matches(open.order.match, method, path)) continue;
      if (open.toSkip > 0) {
        open.toSkip -= 1;
      } else if (striking === undefined) {
        open.toStrike -= 1;
        striking = open.order;
      }
    }
    this.#open = this.#open.filter((open) => open.toStrike > 0);
    return striking;
  }

  waiting(): FaultOrder[] {
    return this.#open.map((open) => open.order);
  }

  clear(): void {
    this.#open = [];
  }
}

function matches(match: RequestMatch | undefined, method: string, path: string): boolean {
  if (match?.method !== undefined && match.method !== method) return false;
  if (match?.path === undefined) return true;
  return match.path.endsWith('*') ? path.startsWith(match.path.slice(0, -1)) : path === match.path;
}
