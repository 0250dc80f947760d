import { Fault, type PluginContext } from '@drover/plugin-sdk';

/**
 * The part of a plugin's context that reaches Netskope. The calls that the functions of this client make stand in the
 * plugin's manifest, each under the name that its module gives.
 */
export type Netskope = Pick<PluginContext, 'call'>;

const MOST_WORDS = 500;

/** Some answers come with a content type that makes text of their JSON. */
export function parsedIfText(body: unknown): unknown {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** What the vendor says, for people: a text as it is, texts one after the other, anything else as JSON. */
export function wordsOf(value: unknown): string {
  const words =
    typeof value === 'string' ? value : Array.isArray(value) ? value.join('; ') : JSON.stringify(value);
  return (words ?? '').slice(0, MOST_WORDS);
}

/** Throws `VENDOR_ANSWER_INVALID`: the answer is something else than `what`. */
export function unreadable(what: string, options: { retryable?: boolean } = {}): never {
  throw new Fault(
    'VENDOR_ANSWER_INVALID',
    `Netskope answered with something else than ${what}; check that the connection's base URL is the tenant's.`,
    options,
  );
}
