import { asRecord, parsedIfText, wordsOf } from './netskope.js';

/** What a 400 of an edit says. */
export interface Refusal {
  /** Each refused URL as it was sent, with the vendor's reason. Empty when the call as a whole was refused. */
  refusedUrls: ReadonlyMap<string, string>;
  /** The vendor's words when it names no URLs. */
  message: string;
}

/**
 * Reads a 400 in both shapes that are seen live: `{"statusCode":400,"message":[[url, reason], …]}` and
 * `{"errors":[[url, reason], …]}`. Anything else is a refusal of the whole call.
 */
export function readRefusal(body: unknown): Refusal {
  const { message, errors, error } = asRecord(parsedIfText(body));
  const refusedUrls = new Map([...pairsOf(message), ...pairsOf(errors)]);
  return { refusedUrls, message: refusedUrls.size > 0 ? '' : wordsOf(message ?? errors ?? error ?? body) };
}

function pairsOf(value: unknown): [string, string][] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((pair: unknown) =>
    Array.isArray(pair) && typeof pair[0] === 'string' ? [[pair[0], wordsOf(pair[1] ?? '')]] : [],
  );
}
