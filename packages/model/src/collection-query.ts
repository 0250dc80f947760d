import type { AttributeValue } from './object.js';

/** A saved query over the object library. Each node has exactly one key. Compiled to SQL by the store. */
export type CollectionQuery =
  | { and: CollectionQuery[] }
  | { or: CollectionQuery[] }
  | { not: CollectionQuery }
  | { type: string }
  | { subtype: string }
  | { status: string }
  /** `*` stands for any run of characters; at most 4 of them. */
  | { value: string }
  | {
      attribute: {
        name: string;
        op: '=' | '!=' | '>' | '>=' | '<' | '<=' | 'exists';
        value?: AttributeValue;
      };
    }
  | { source: string }
  /** ISO 8601 time, or a span back from now such as `7d`, `12h`. */
  | { createdSince: string }
  | { updatedSince: string };
