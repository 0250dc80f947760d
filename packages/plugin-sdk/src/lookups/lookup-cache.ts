import type { JsonValue } from '@drover/model';

interface KeptAnswer {
  value: JsonValue;
  size: number;
  until: number;
}

/** Answers of look-ups, the least recently used of which leave first. Sizes are characters of JSON and key. */
export class LookupCache {
  readonly #kept = new Map<string, KeptAnswer>();
  readonly #limits: { maxEntries: number; maxSize: number };
  readonly #now: () => number;
  #size = 0;

  constructor(limits: { maxEntries: number; maxSize: number; now: () => number }) {
    this.#limits = limits;
    this.#now = limits.now;
  }

  get size(): number {
    return this.#size;
  }

  get entries(): number {
    return this.#kept.size;
  }

  /** `undefined` when nothing is known, `null` when it is known that there is nothing. */
  get(key: string): JsonValue | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#remove(key, kept);
    if (kept.until <= this.#now()) return undefined;
    this.#add(key, kept);
    return kept.value;
  }

  set(key: string, value: JsonValue, { size, ttlMs }: { size: number; ttlMs: number }): void {
    const old = this.#kept.get(key);
    if (old !== undefined) this.#remove(key, old);
    const kept = { value, size: size + key.length, until: this.#now() + ttlMs };
    if (ttlMs <= 0 || kept.size > this.#limits.maxSize) return;
    this.#add(key, kept);
    for (const [oldest, answer] of this.#kept) {
      if (this.#kept.size <= this.#limits.maxEntries && this.#size <= this.#limits.maxSize) return;
      this.#remove(oldest, answer);
    }
  }

  #add(key: string, kept: KeptAnswer): void {
    this.#kept.set(key, kept);
    this.#size += kept.size;
  }

  #remove(key: string, kept: KeptAnswer): void {
    this.#kept.delete(key);
    this.#size -= kept.size;
  }
}
