import { Readable } from 'node:stream';
import type { FaultEffect } from './fault-order.js';
import { rateLimitAnswer } from './rate-limit-answer.js';

export interface SpoiltAnswer {
  status: number;
  headers: Record<string, string>;
  payload: string | Readable;
}

export interface SpoilContext {
  now: Date;
  /** The vendor's usual limit, for the headers of a 429. */
  limit: number;
  /** What the caller showed as its secret. */
  secrets: readonly string[];
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const HUGE_CHUNK = 'x'.repeat(64 * 1024);

/** The answer that an effect puts in the place of the vendor's; those that keep or drop the vendor's have none. */
export function spoiltAnswer(
  effect: Exclude<FaultEffect, { kind: 'delay' | 'drop' | 'entries' }>,
  context: SpoilContext,
): SpoiltAnswer {
  switch (effect.kind) {
    case 'status':
      return {
        status: effect.status,
        headers: { ...JSON_TYPE, ...effect.headers },
        payload: asPayload(effect.body ?? { statusCode: effect.status, message: 'Ordered fault' }),
      };
    case 'malformedBody':
      return { status: 200, headers: JSON_TYPE, payload: '{"id": 1, "name": "cut o' };
    case 'hugeBody':
      return { status: 200, headers: JSON_TYPE, payload: Readable.from(hugeJson(effect.bytes)) };
    case 'rateLimit': {
      const answer = rateLimitAnswer(effect.dialect, { ...context, waitSeconds: effect.waitSeconds });
      return {
        status: 429,
        headers: { ...JSON_TYPE, ...answer.headers },
        payload: asPayload(answer.body),
      };
    }
    case 'echoToken':
      return {
        status: effect.status,
        headers: { ...JSON_TYPE, 'x-echo': context.secrets.join(' ') },
        payload: asPayload({ statusCode: effect.status, message: `Token ${context.secrets.join(' ')}` }),
      };
  }
}

function asPayload(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function* hugeJson(bytes: number): Generator<string> {
  yield '"';
  for (let left = bytes - 2; left > 0; left -= HUGE_CHUNK.length) yield HUGE_CHUNK.slice(0, left);
  yield '"';
}
