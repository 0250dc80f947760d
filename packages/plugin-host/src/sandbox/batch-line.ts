/** A batch of `executeOne` in line. */
export interface LinedUp {
  /** Objects that it has no outcome for yet. */
  readonly openObjects: number;
  /** Most objects in hand at a time, of the whole plugin. */
  readonly mostInHand: number;
  /** Begins when no other one is under way, and none begins beside it. */
  readonly isAlone: boolean;
}

/**
 * The batches of `executeOne` of one plugin, of whichever run: a batch goes to the plugin as soon as those before it leave some of what
 * it may have in hand. So the vendor is kept busy over their seams, and no batch's time runs while it has no turn.
 */
export class BatchLine {
  readonly #begun = new Set<LinedUp>();
  readonly #waiting = new Map<LinedUp, () => void>();

  /** `begin` hands the batch to the plugin, now or later. */
  join(batch: LinedUp, begin: () => void): void {
    this.#waiting.set(batch, begin);
    this.look();
  }

  leave(batch: LinedUp): void {
    this.#begun.delete(batch);
    this.#waiting.delete(batch);
    this.look();
  }

  get #hasAlone(): boolean {
    return [...this.#begun].some(({ isAlone }) => isAlone);
  }

  /** To be called when a batch has got on. */
  look(): void {
    for (const [batch, begin] of this.#waiting) {
      const open = [...this.#begun].reduce((sum, { openObjects }) => sum + openObjects, 0);
      if (open >= batch.mostInHand || (this.#begun.size > 0 && (batch.isAlone || this.#hasAlone))) return;
      this.#waiting.delete(batch);
      this.#begun.add(batch);
      begin();
    }
  }
}
