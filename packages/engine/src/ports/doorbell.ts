/** Wakes workers. The database is the truth: a lost ring costs time, never work. */
export interface Doorbell {
  /**
   * Says that work may be due, now or after `delayMs`: rung after the commit. Rings of the same time may be folded into one.
   * Never rejects: what cannot be rung is found by whoever looks.
   */
  ring(options?: { delayMs?: number }): Promise<void>;
  /** Lets a listener of this very process look for work, whatever became of rings. */
  look(): void;
  /** `onRing` is asked to find and do work; it resolves false when it found none. At most `concurrency` calls run at once. */
  listen(onRing: () => Promise<boolean>, options: { concurrency: number }): Promise<void>;
  /** Stops listening, waits for calls in flight. A second time does nothing. */
  close(): Promise<void>;
  /** Whether rings reach other processes right now, where there are others to reach. */
  readonly isReachable: boolean;
}
