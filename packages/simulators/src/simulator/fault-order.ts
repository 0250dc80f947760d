import type { EntryEdit } from './edited-entries.js';
import { RATE_LIMIT_DIALECTS, type RateLimitDialect } from './rate-limit-answer.js';

/** Which request an order meets. What is left out matches anything. */
export interface RequestMatch {
  /** Upper-case HTTP method. */
  method?: string;
  /** The path without its query; a trailing `*` matches any rest. */
  path?: string;
}

/** What goes wrong with the request. */
export type FaultEffect =
  /** Answers with this status, and with this body in place of the vendor's error. */
  | { kind: 'status'; status: number; body?: unknown; headers?: Record<string, string> }
  /** Holds the answer back for so long, then answers as usual. */
  | { kind: 'delay'; delayMs: number }
  /** Closes the connection without a byte of answer. */
  | { kind: 'drop' }
  /** Answers 200 with JSON that ends in the middle. */
  | { kind: 'malformedBody' }
  /** Answers 200 with valid JSON of so many bytes. */
  | { kind: 'hugeBody'; bytes: number }
  /** Answers 429 as a vendor with this dialect does. */
  | { kind: 'rateLimit'; dialect: RateLimitDialect; waitSeconds: number }
  /** Answers as usual, but the largest list of the answer misses, doubles or invents an entry. Only `after`. */
  | { kind: 'entries'; edit: EntryEdit }
  /** Answers with this status and the caller's own secret in body and headers. */
  | { kind: 'echoToken'; status: number };

/** A fault to order: which request, when and what. */
export interface FaultOrder {
  match?: RequestMatch;
  /** The first matching request that it strikes, counted from the order on. Default 1. */
  nth?: number;
  /** How many matching requests it strikes from there on. Default 1. */
  times?: number;
  /**
   * `before`: the vendor never handles the request, so nothing is written. `after`: the vendor has handled it, and
   * only its answer is spoilt. Default `before`.
   */
  when?: 'before' | 'after';
  effect: FaultEffect;
}

const text = { type: 'string', maxLength: 2_000 } as const;
const count = { type: 'integer', minimum: 1, maximum: 1_000_000 } as const;

function effectSchema(kind: FaultEffect['kind'], properties: object, required: string[] = []): object {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['kind', ...required],
    properties: { kind: { const: kind }, ...properties },
  };
}

const status = { type: 'integer', minimum: 200, maximum: 599 } as const;

/** JSON Schema of one order, as the control path checks it. */
export const FAULT_ORDER_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['effect'],
  properties: {
    match: { type: 'object', additionalProperties: false, properties: { method: text, path: text } },
    nth: count,
    times: count,
    when: { enum: ['before', 'after'] },
    effect: {
      oneOf: [
        effectSchema(
          'status',
          { status, body: {}, headers: { type: 'object', additionalProperties: text } },
          ['status'],
        ),
        effectSchema('delay', { delayMs: { type: 'integer', minimum: 0, maximum: 600_000 } }, ['delayMs']),
        effectSchema('drop', {}),
        effectSchema('malformedBody', {}),
        effectSchema('hugeBody', { bytes: { type: 'integer', minimum: 2, maximum: 2 ** 31 } }, ['bytes']),
        effectSchema(
          'rateLimit',
          {
            dialect: { enum: RATE_LIMIT_DIALECTS },
            waitSeconds: { type: 'integer', minimum: 0, maximum: 86_400 },
          },
          ['dialect', 'waitSeconds'],
        ),
        effectSchema('entries', { edit: { enum: ['drop', 'double', 'invent'] } }, ['edit']),
        effectSchema('echoToken', { status }, ['status']),
      ],
    },
  },
} as const;
