import type { Doorbell } from '@drover/engine';
import PQueue from 'p-queue';

/** A doorbell within one process: each ring lets one more listener look for work, up to the concurrency. */
export class InProcessDoorbell implements Doorbell {
  readonly isReachable = true;
  readonly #queue = new PQueue({ concurrency: 1 });
  readonly #timers = new Set<NodeJS.Timeout>();
  #onRing: (() => Promise<boolean>) | undefined;
  /** A ring that found every listener busy: one of them has to look once more before it rests. */
  #missed = false;

  async ring(options: { delayMs?: number } = {}): Promise<void> {
    if (options.delayMs === undefined) return this.look();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.look();
    }, options.delayMs);
    this.#timers.add(timer);
  }

  look(): void {
    void this.answer();
  }

  /** As `look`; resolves when the listener that it woke has found nothing more, at once when all are busy. */
  async answer(): Promise<void> {
    if (this.#onRing === undefined) return;
    if (this.#queue.pending + this.#queue.size >= this.#queue.concurrency) this.#missed = true;
    else await this.#queue.add(() => this.#work());
  }

  async listen(onRing: () => Promise<boolean>, { concurrency }: { concurrency: number }): Promise<void> {
    this.#queue.concurrency = concurrency;
    this.#onRing = onRing;
  }

  async close(): Promise<void> {
    this.#onRing = undefined;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    await this.#queue.onIdle();
  }

  async #work(): Promise<void> {
    for (;;) {
      this.#missed = false;
      const found = (await this.#onRing?.()) ?? false;
      if (this.#onRing === undefined || (!found && !this.#missed)) return;
    }
  }
}
