import { HASH_SEPARATOR } from '@drover-plugins/netskope-client';
import type { OutcomeReason, PluginObject } from '@drover/plugin-sdk';

const DIGITS: Readonly<Record<string, number>> = { MD5: 32, 'SHA-256': 64 };

/**
 * The hash list that a collection makes: each hash once, in the order of the objects, up to so many bytes of text. The
 * first hash that does not fit closes the list, so that the same collection always makes the same list. Holds the hashes
 * and the ids of the objects that they stand for, no objects.
 */
export class HashList {
  readonly #maxBytes: number;
  readonly #hashes = new Set<string>();
  readonly #objectIds: string[] = [];
  #bytes = 0;
  #isFull = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes the object's hash into the list, or answers why not. Objects with the same hash share its place. */
  add(object: PluginObject): OutcomeReason | undefined {
    const hash = object.value.toLowerCase();
    const digits = DIGITS[object.subtype ?? ''];
    if (hash.length !== digits || !/^[0-9a-f]+$/.test(hash)) return malformed(object);
    if (!this.#hashes.has(hash) && !this.#append(hash)) return this.#full();
    this.#objectIds.push(object.id);
    return undefined;
  }

  get hashes(): ReadonlySet<string> {
    return this.#hashes;
  }

  /** Ids of the objects whose hash is in the list, in portions of this many. */
  *objectIds(portion: number): Generator<string[]> {
    for (let at = 0; at < this.#objectIds.length; at += portion) {
      yield this.#objectIds.slice(at, at + portion);
    }
  }

  #append(hash: string): boolean {
    const bytes = this.#bytes + hash.length + (this.#bytes === 0 ? 0 : HASH_SEPARATOR.length);
    this.#isFull ||= bytes > this.#maxBytes;
    if (this.#isFull) return false;
    this.#bytes = bytes;
    this.#hashes.add(hash);
    return true;
  }

  #full(): OutcomeReason {
    return {
      code: 'LIST_FULL',
      message: `The hash list of a file profile takes ${this.#maxBytes} bytes, which the ${this.#hashes.size} hashes before this one fill; export a smaller collection.`,
    };
  }
}

function malformed({ value, subtype }: PluginObject): OutcomeReason {
  return {
    code: 'HASH_MALFORMED',
    message: `"${value.slice(0, 80)}" is no ${subtype ?? 'hash'}: Netskope takes MD5 (32 hexadecimal digits) and SHA-256 (64).`,
  };
}
