import type { OutgoingWrite } from './ports/plugin-runtime.js';
import { digestOf } from './run-limits.js';

type Description = ReturnType<OutgoingWrite['describe']>;

/**
 * Hash of a request that does not depend on the order of its keys. Left out is what the JSON Pointers `volatile` name in a
 * JSON body.
 */
export function requestDigest(
  { method, path, body }: Description,
  { call, baseUrl, volatile }: { call: string; baseUrl: unknown; volatile: readonly string[] },
): string {
  const steady =
    body === undefined
      ? null
      : [body.contentType, volatile.reduce<unknown>((value, pointer) => without(value, pointer), body.value)];
  return digestOf([call, method, baseUrl ?? null, path, steady]);
}

/** A copy of the document without the value that the pointer names; the document itself when there is none. */
function without(document: unknown, pointer: string): unknown {
  const [, ...tokens] = pointer.split('/');
  return withoutAt(
    document,
    tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~')),
  );
}

function withoutAt(value: unknown, [token, ...rest]: readonly string[]): unknown {
  if (token === undefined) return null;
  if (typeof value !== 'object' || value === null || !isKey(value, token)) return value;
  const inner = (value as Record<string, unknown>)[token];
  // Null in its place: the other entries of a list keep theirs.
  const kept = rest.length === 0 ? null : withoutAt(inner, rest);
  if (Array.isArray(value)) return value.with(Number(token), kept);
  return { ...value, [token]: kept };
}

/** Of a list only its places, not its length. */
function isKey(value: object, token: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, token);
}
