import { createHash } from 'node:crypto';

/** Values of up to this many UTF-16 units are their own key. */
const LONGEST_PLAIN_KEY = 256;

/**
 * What indexes hold in place of a value of any length, since PostgreSQL takes about 2,700 bytes at most: the value
 * itself, or for a long one its head and its SHA-256. Two values have one key only if they are equal.
 */
export function valueKey(value: string): string {
  if (value.length <= LONGEST_PLAIN_KEY) return value;
  return keyHead(value) + createHash('sha256').update(value).digest('hex');
}

/** The part of a text that the keys of all values that start with it start with. */
export function keyHead(text: string): string {
  const head = text.slice(0, LONGEST_PLAIN_KEY);
  return head.isWellFormed() ? head : head.slice(0, -1);
}

/** The least text that is greater than every text with this prefix; undefined when there is none. */
export function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!);
  while (points.length > 0) {
    const last = points.pop()!;
    if (last === LAST_CODE_POINT) continue;
    const next = last + 1 === FIRST_SURROGATE ? AFTER_SURROGATES : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return undefined;
}

const LAST_CODE_POINT = 0x10ffff;
const FIRST_SURROGATE = 0xd800;
const AFTER_SURROGATES = 0xe000;
