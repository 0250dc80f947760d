import type { Redactor } from '../secrets/redactor.js';

const MAX_LENGTH = 200;
/** Where vendors put what went wrong, the most telling first. */
const FIELDS = [
  'message',
  'errorSummary',
  'error_description',
  'detail',
  'msg',
  'error',
  'errors',
  'title',
  'reason',
];
const MAX_NESTING = 4;

/**
 * The vendor's own words on why it refused, for people: redacted, on one line, at most 200 characters. `undefined` when
 * the body holds none, such as an HTML page.
 */
export function vendorMessageOf(text: string, redactor: Redactor): string | undefined {
  // Redacted first: a secret cut in half would not be known as one.
  const words = redactor
    .redactText(findWords(parse(text), 0) ?? '')
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
  if (words === '') return undefined;
  return words.length <= MAX_LENGTH ? words : `${words.slice(0, MAX_LENGTH - 1).toWellFormed()}…`;
}

function parse(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed.startsWith('<')) return undefined;
  try {
    return JSON.parse(trimmed);
  } catch {
    return trimmed;
  }
}

function findWords(value: unknown, nesting: number): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value !== 'object' || value === null || nesting > MAX_NESTING) return undefined;
  const inner = Array.isArray(value)
    ? value.slice(0, 3)
    : FIELDS.map((field) => (value as Record<string, unknown>)[field]);
  for (const candidate of inner) {
    const words = findWords(candidate, nesting + 1);
    if (words !== undefined) return words;
  }
  return undefined;
}
