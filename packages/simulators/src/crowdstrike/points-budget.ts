export interface PointsLimit {
  points: number;
  perMs: number;
}

/** What an answer says of the budget of points. */
export interface PointsLeft {
  consumedPoints: number;
  remainingPoints: number;
  /** Milliseconds until the budget is full again. */
  reset: number;
}

/** The points of a tenant: every query spends some by what it costs, and the budget fills up at once after a while. */
export class PointsBudget {
  readonly #limit: PointsLimit;
  readonly #now: () => Date;
  #startedAtMs = -Infinity;
  #spent = 0;

  constructor(limit: PointsLimit, now: () => Date) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Whether a query may run: there is something left. What it costs is known afterwards. */
  get hasSome(): boolean {
    this.#roll();
    return this.#spent < this.#limit.points;
  }

  spend(points: number): PointsLeft {
    this.#roll();
    this.#spent += points;
    const { points: all, perMs } = this.#limit;
    return {
      consumedPoints: points,
      remainingPoints: Math.max(0, all - this.#spent),
      reset: Math.max(0, this.#startedAtMs + perMs - this.#now().getTime()),
    };
  }

  #roll(): void {
    const nowMs = this.#now().getTime();
    if (nowMs - this.#startedAtMs < this.#limit.perMs) return;
    this.#startedAtMs = nowMs;
    this.#spent = 0;
  }
}
