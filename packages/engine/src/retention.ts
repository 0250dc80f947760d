import type { ScheduleSource } from './ports/feed-ledger.js';
import type { Forgotten, RetentionStore } from './ports/retention-store.js';

/** Ten years. */
export const MAX_RETENTION_DAYS = 3_650;

const DAY_MS = 24 * 3_600_000;
/** How long forgetting may keep the scheduler from what else is due. */
const TURN_MS = 200;
/** How often it is looked for more when all was forgotten. */
const LOOK_MS = 15 * 60_000;

/** Forgets what ended longer ago than so many days, a little in every turn of the scheduler. */
export class Retention implements ScheduleSource {
  readonly #store: RetentionStore;
  readonly #days: number;
  #nextLookAt = -Infinity;

  constructor(store: RetentionStore, { days }: { days: number }) {
    this.#store = store;
    this.#days = days;
  }

  /** Nothing that anybody has to look for comes of it. */
  async fireDue({ now }: { now: Date }): Promise<number> {
    if (now.getTime() < this.#nextLookAt) return 0;
    const until = performance.now() + TURN_MS;
    const before = endOfRetention(now, this.#days);
    while (performance.now() < until) {
      const { isDone } = await this.#store.forgetSome(before);
      if (!isDone) continue;
      this.#nextLookAt = now.getTime() + LOOK_MS;
      break;
    }
    return 0;
  }
}

/** What ended before this has been kept for so many days. */
export function endOfRetention(now: Date, days: number): Date {
  return new Date(now.getTime() - days * DAY_MS);
}

/** Forgets all that ended before a time. */
export async function forgetAll(store: RetentionStore, before: Date): Promise<Forgotten> {
  const sum: Forgotten = { runs: 0, commands: 0, pulls: 0, values: 0, conflicts: 0 };
  for (;;) {
    const { isDone, ...some } = await store.forgetSome(before);
    for (const key of Object.keys(sum) as (keyof Forgotten)[]) sum[key] += some[key];
    if (isDone) return sum;
  }
}
