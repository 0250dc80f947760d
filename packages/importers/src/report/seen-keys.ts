import { randomInt } from 'node:crypto';

const FIRST_SLOTS = 4_096;
/** 32 MiB of slots, enough for three million keys. */
const MOST_SLOTS = 4 * 1024 * 1024;

/**
 * Which keys a file has offered already, at 8 bytes a slot: a table of 64-bit hashes with open addressing that doubles
 * when three quarters are taken, up to 32 MiB (a million keys take 16 MiB). A table that is full learns no new keys. Two
 * keys with the same hash (odds of about one in 40 million over a million keys) are told as one, so the answer may steer
 * counts but never whether an object is written. The seed differs from import to import: nobody can prepare keys that
 * collide.
 */
export class SeenKeys {
  /** Two words a slot; both zero means free. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  #mask = FIRST_SLOTS - 1;
  #taken = 0;
  readonly #mostSlots: number;
  readonly #seed: number;

  constructor(options: { mostSlots?: number; seed?: number } = {}) {
    this.#mostSlots = options.mostSlots ?? MOST_SLOTS;
    this.#seed = options.seed ?? randomInt(2 ** 32);
  }

  has(key: string): boolean {
    const [high, low] = hash(key, this.#seed);
    return !this.#isFree(this.#find(high, low));
  }

  /** False when the key was there already. */
  add(key: string): boolean {
    const [high, low] = hash(key, this.#seed);
    const slot = this.#find(high, low);
    if (!this.#isFree(slot)) return false;
    if (this.#hasRoom()) this.#put(slot, high, low);
    return true;
  }

  #hasRoom(): boolean {
    return this.#taken < (this.#mask + 1) * 0.75;
  }

  #put(slot: number, high: number, low: number): void {
    this.#slots[slot] = high;
    this.#slots[slot + 1] = low;
    this.#taken++;
    if (!this.#hasRoom() && this.#mask + 1 < this.#mostSlots) this.#grow();
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    this.#mask = this.#slots.length / 2 - 1;
    for (let at = 0; at < old.length; at += 2) {
      const high = old[at]!;
      const low = old[at + 1]!;
      if (high === 0 && low === 0) continue;
      const slot = this.#find(high, low);
      this.#slots[slot] = high;
      this.#slots[slot + 1] = low;
    }
  }

  /** The slot that holds the hash, or the free one where it would go. */
  #find(high: number, low: number): number {
    for (let at = low & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = 2 * at;
      if (this.#isFree(slot) || (this.#slots[slot] === high && this.#slots[slot + 1] === low)) return slot;
    }
  }

  #isFree(slot: number): boolean {
    return this.#slots[slot] === 0 && this.#slots[slot + 1] === 0;
  }
}

const { imul } = Math;

/** Two 32-bit multiply-and-mix streams over the text's UTF-16 units; never two zeros. */
function hash(text: string, seed: number): [high: number, low: number] {
  let left = 0xdeadbeef ^ seed;
  let right = 0x41c6ce57 ^ seed;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    left = imul(left ^ unit, 0x9e3779b1);
    right = imul(right ^ unit, 0x5f356495);
    left ^= left >>> 15;
    right ^= right >>> 13;
  }
  left = imul(left ^ (left >>> 16), 0x85ebca6b) ^ imul(right ^ (right >>> 13), 0xc2b2ae35);
  right = imul(right ^ (right >>> 16), 0x85ebca6b) ^ imul(left ^ (left >>> 13), 0xc2b2ae35);
  return [left >>> 0, right >>> 0 || 1];
}
