/** Wakes workers. The database is the truth: a lost ring costs time, never work. */
export interface Doorbell {
  /** Says that work may be due, now or after `delayMs`. Rings of the same time may be folded into one. */
  ring(options?: { delayMs?: number }): Promise<void>;
  /** `onRing` is asked to find and do work; it resolves false when it found none. At most `concurrency` calls run at once. */
  listen(onRing: () => Promise<boolean>, options: { concurrency: number }): Promise<void>;
  /** Stops listening, waits for calls in flight. */
  close(): Promise<void>;
}
