/** How much was forgotten. */
export interface Forgotten {
  /** Runs with their outcomes, events, logs, journals and plans. */
  runs: number;
  /** Records of commands. */
  commands: number;
  /** Pulls of feeds with their reasons and logs. */
  pulls: number;
  /** Values in the history of attributes. Those in force stay. */
  values: number;
  /** Conflicts that mirroring has settled. */
  conflicts: number;
}

/** Forgets what has ended long ago. Objects, what is in force of them and what steps have handled stay. */
export interface RetentionStore {
  /**
   * Forgets some of what ended before a time, at most some thousand rows a transaction; nothing is left to forget when
   * `isDone`. A run leaves at once and whole, and with it all runs of its pass: while an object of it is `unknown`, or the pass has
   * objects left to offer, it stays. Of a feed the last pull stays.
   */
  forgetSome(before: Date): Promise<Forgotten & { isDone: boolean }>;
}
