import type { FaultEffect, FaultOrder } from './fault-order.js';
import { seededRandom } from './seeded-random.js';

export interface StormOptions {
  /** The same seed strikes the same requests in the same way, as far as they come in the same order. */
  seed: number;
  /** How many of the requests are struck, from 0 to 1. Default 0.2. */
  share?: number;
}

const DEFAULT_SHARE = 0.2;
const MOST_DELAY_MS = 100;
const OUTAGES = [500, 502, 503, 504];
const HTML = '<!doctype html><title>Sign in</title><p>Please sign in to go on.';
const REFUSED = { status: 'error', errorCode: 'Temporary Error', errors: ['Try again later'] };

type Draw = (random: () => number) => Pick<FaultOrder, 'when' | 'effect'>;

const anywhere = (random: () => number): 'before' | 'after' => (random() < 0.5 ? 'before' : 'after');

/** What strikes, and how often among ten thousand strikes. Limits are rare: each stops all that goes on for a second or more. */
const STRIKES: readonly { weight: number; draw: Draw }[] = [
  { weight: 2_200, draw: (random) => ({ when: anywhere(random), effect: { kind: 'drop' } }) },
  {
    weight: 1_500,
    draw: (random) => ({ effect: { kind: 'delay', delayMs: Math.floor(random() * MOST_DELAY_MS) } }),
  },
  { weight: 1_500, draw: (random) => ({ when: anywhere(random), effect: status(oneOf(OUTAGES, random)) }) },
  { weight: 1_000, draw: (random) => ({ when: anywhere(random), effect: { kind: 'malformedBody' } }) },
  {
    weight: 1_000,
    draw: (random) => ({ when: anywhere(random), effect: { ...status(200, HTML), headers: AS_HTML } }),
  },
  { weight: 1_000, draw: (random) => ({ when: anywhere(random), effect: status(200, REFUSED) }) },
  {
    weight: 1_500,
    draw: (random) => ({ when: 'after', effect: { kind: 'entries', edit: oneOf(EDITS, random) } }),
  },
  {
    weight: 250,
    draw: (random) => {
      const waitSeconds = Math.round(random());
      return { effect: { kind: 'rateLimit', dialect: oneOf(DIALECTS, random), waitSeconds } };
    },
  },
  { weight: 50, draw: () => ({ effect: { kind: 'rateLimit', dialect: 'silent', waitSeconds: 0 } }) },
];

const AS_HTML = { 'content-type': 'text/html; charset=utf-8' };
const EDITS = ['drop', 'double', 'invent'] as const;
const DIALECTS = ['ratelimit-reset', 'retry-after'] as const;
const ALL_WEIGHTS = STRIKES.reduce((sum, { weight }) => sum + weight, 0);

/**
 * Bad weather: strikes requests at random with all that a vendor, or what stands before it, does to its callers. It drops
 * connections, delays, fails, answers with what is no answer, with lists that miss, double or invent entries, and limits.
 */
export class Storm {
  readonly #random: () => number;
  readonly #share: number;

  constructor({ seed, share = DEFAULT_SHARE }: StormOptions) {
    this.#random = seededRandom(seed);
    this.#share = share;
  }

  /** What strikes the next request, if anything does. */
  next(): FaultOrder | undefined {
    if (this.#random() >= this.#share) return undefined;
    let at = this.#random() * ALL_WEIGHTS;
    for (const { weight, draw } of STRIKES) {
      if (at < weight) return draw(this.#random);
      at -= weight;
    }
    return undefined;
  }
}

function status(code: number, body?: unknown): Extract<FaultEffect, { kind: 'status' }> {
  return { kind: 'status', status: code, ...(body === undefined ? {} : { body }) };
}

function oneOf<Item>(items: readonly Item[], random: () => number): Item {
  return items[Math.floor(random() * items.length)]!;
}
