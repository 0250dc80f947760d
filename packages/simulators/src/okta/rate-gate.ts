import type { FastifyInstance } from 'fastify';
import type { WindowLimit } from '../simulator/request-window.js';
import { OktaRefusal } from './okta-refusal.js';

export interface OktaLimits {
  /** Requests per endpoint and time. Without it answers name a limit that is never reached. */
  rateLimit?: WindowLimit | undefined;
  /** Most requests in work at once. Without it there is none. */
  concurrentRequests?: number | undefined;
}

interface Bucket {
  remaining: number;
  resetEpochSecond: number;
}

const USUAL: WindowLimit = { requests: 600, perMs: 60_000 };

/**
 * Okta's rate limits. Every answer says in X-Rate-Limit-… what its endpoint still has, with the reset as an epoch second
 * of Okta's own clock, which is in `Date`. Over the limit on requests at once the headers say 0 of 0 instead.
 */
export class RateGate {
  readonly #limits: OktaLimits;
  readonly #now: () => Date;
  readonly #buckets = new Map<string, Bucket>();
  #inWork = 0;

  constructor(limits: OktaLimits, now: () => Date) {
    this.#limits = limits;
    this.#now = now;
  }

  addTo(app: FastifyInstance, endpointOf: (path: string) => string): void {
    app.addHook('onRequest', async (request, reply) => {
      this.#inWork += 1;
      reply.raw.once('close', () => (this.#inWork -= 1));
      if (this.#inWork > (this.#limits.concurrentRequests ?? Infinity)) {
        reply.headers({ ...this.#headers({ remaining: 0, resetEpochSecond: this.#second(60_000) }, 0) });
        throw new OktaRefusal('E0000047');
      }
      const { bucket, isOver } = this.#take(endpointOf(request.url.split('?', 1)[0]!));
      reply.headers(this.#headers(bucket, (this.#limits.rateLimit ?? USUAL).requests));
      if (isOver) throw new OktaRefusal('E0000047');
    });
    app.addHook('onSend', async (_request, reply) => {
      reply.header('date', this.#now().toUTCString());
    });
  }

  clear(): void {
    this.#buckets.clear();
  }

  #take(endpoint: string): { bucket: Bucket; isOver: boolean } {
    const { rateLimit } = this.#limits;
    const { requests, perMs } = rateLimit ?? USUAL;
    const known = this.#buckets.get(endpoint);
    const isCurrent = known !== undefined && this.#now().getTime() < known.resetEpochSecond * 1_000;
    const bucket = isCurrent ? known : { remaining: requests, resetEpochSecond: this.#second(perMs) };
    this.#buckets.set(endpoint, bucket);
    if (rateLimit === undefined) return { bucket: { ...bucket, remaining: requests - 1 }, isOver: false };
    const isOver = bucket.remaining === 0;
    if (!isOver) bucket.remaining -= 1;
    return { bucket, isOver };
  }

  #second(inMs: number): number {
    return Math.ceil((this.#now().getTime() + inMs) / 1_000);
  }

  #headers({ remaining, resetEpochSecond }: Bucket, limit: number): Record<string, string> {
    return {
      'x-rate-limit-limit': String(limit),
      'x-rate-limit-remaining': String(remaining),
      'x-rate-limit-reset': String(resetEpochSecond),
    };
  }
}
