import type { AttributeValue } from '@drover/model';
import { refuseRow, type OfferedRow, type Row } from '../rows.js';
import { type Line, MAX_LINE_LENGTH } from '../text/split-lines.js';

/** What an exported object has beside what an import takes. */
const IGNORED_KEYS = new Set(['id', 'sources', 'revision', 'createdAt', 'updatedAt']);

/**
 * Rows of JSON Lines: an object a line with `value` and optionally `type`, `subtype`, `aliases` (texts), `status` and
 * `attributes`, either `{"name": value or [values]}` or `[{"name", "value"}]`. Exported objects are such lines. A line
 * that is no such object is refused, the others go in.
 */
export async function* readJsonLines(pages: AsyncIterable<Line[]>): AsyncGenerator<Row[]> {
  for await (const lines of pages) {
    yield lines.filter(({ text }) => text.trim() !== '').map(rowOf);
  }
}

function rowOf(line: Line): Row {
  if (line.isCut) {
    const reason = `The line has more than ${MAX_LINE_LENGTH} characters.`;
    return refuseRow(line.number, line.text, 'ROW_TOO_LONG', reason);
  }
  const row = readRow(line);
  return typeof row === 'string' ? refuseRow(line.number, line.text, 'ROW_MALFORMED', row) : row;
}

/** The row, or what is wrong with it. */
function readRow({ number, text }: Line): OfferedRow | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'The line is not JSON.';
  }
  if (!isRecord(parsed)) return 'The line is not a JSON object.';
  const { type, subtype, value, aliases, attributes, status, ...others } = parsed;
  const stranger = Object.keys(others).find((key) => !IGNORED_KEYS.has(key));
  if (stranger !== undefined) {
    return `The key "${stranger.slice(0, 60)}" is not known; put it under "attributes".`;
  }
  if (!isText(value) && typeof value !== 'number') return '"value" must be a text.';
  if (!isOptionalText(type)) return '"type" must be a text.';
  if (!isOptionalText(subtype)) return '"subtype" must be a text.';
  if (!isOptionalText(status)) return '"status" must be a text.';
  if (aliases !== undefined && !(Array.isArray(aliases) && aliases.every(isText))) {
    return '"aliases" must be a list of texts.';
  }
  const pairs = attributes === undefined ? [] : attributePairs(attributes);
  if (pairs === undefined) return '"attributes" must hold texts, numbers and truth values by name.';
  return {
    kind: 'offered',
    line: number,
    type,
    subtype,
    value: String(value),
    aliases,
    attributes: pairs,
    status,
  };
}

function attributePairs(attributes: unknown): { name: string; value: AttributeValue }[] | undefined {
  const pairs = Array.isArray(attributes)
    ? attributes.map(pairOf)
    : isRecord(attributes)
      ? flatten(attributes)
      : [];
  const isGood = typeof attributes === 'object' && attributes !== null && pairs.every((pair) => isPair(pair));
  return isGood ? pairs : undefined;
}

function pairOf(item: unknown): { name: unknown; value: unknown } {
  return isRecord(item)
    ? { name: item['name'], value: item['value'] }
    : { name: undefined, value: undefined };
}

function flatten(attributes: Record<string, unknown>): { name: unknown; value: unknown }[] {
  return Object.entries(attributes).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((one: unknown) => ({ name, value: one })) : [{ name, value }],
  );
}

function isPair(pair: { name: unknown; value: unknown }): pair is { name: string; value: AttributeValue } {
  return isText(pair.name) && ['string', 'number', 'boolean'].includes(typeof pair.value);
}

function isRecord(thing: unknown): thing is Record<string, unknown> {
  return typeof thing === 'object' && thing !== null && !Array.isArray(thing);
}

function isText(thing: unknown): thing is string {
  return typeof thing === 'string';
}

function isOptionalText(thing: unknown): thing is string | undefined {
  return thing === undefined || isText(thing);
}
