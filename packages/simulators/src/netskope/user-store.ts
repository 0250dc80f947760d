/** A user's confidence at a point in time; the vendor measures from 0 to 1,000, and 1,000 is trustworthy. */
export interface NetskopeScore {
  /** Milliseconds since 1970. */
  start: number;
  score: number;
}

/** A user that the tenant knows. */
export interface NetskopeUserSeed {
  /** As answers spell it. */
  userId: string;
  /** Other addresses that it is found by. */
  aliases?: string[];
  /** In any order. */
  scores?: NetskopeScore[];
}

interface Confidence {
  start: number;
  confidenceScore: number;
}

export interface UserConfidences {
  userId: string;
  confidences: Confidence[];
}

/** The users of a tenant and their scores. Names are found whatever their case. */
export class UserStore {
  readonly #users: readonly NetskopeUserSeed[];
  readonly #byName = new Map<string, NetskopeUserSeed>();

  constructor(seeds: readonly NetskopeUserSeed[]) {
    this.#users = seeds;
    for (const user of seeds) {
      for (const name of [user.userId, ...(user.aliases ?? [])]) this.#byName.set(name.toLowerCase(), user);
    }
  }

  /** The user's scores since then, oldest first, the newest `cap` of them; `undefined` for one that nobody knows. */
  confidences(
    name: string,
    { fromTime, cap }: { fromTime: number; cap: number },
  ): UserConfidences | undefined {
    const user = this.#byName.get(name.toLowerCase());
    if (user === undefined) return undefined;
    const confidences = (user.scores ?? [])
      .filter(({ start }) => start >= fromTime)
      .toSorted((left, right) => left.start - right.start)
      .slice(-cap)
      .map(({ start, score }) => ({ start, confidenceScore: score }));
    return { userId: user.userId, confidences };
  }

  view(): NetskopeUserSeed[] {
    return structuredClone([...this.#users]);
  }
}
