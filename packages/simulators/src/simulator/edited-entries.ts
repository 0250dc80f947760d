/** What is done to a list of an answer: an entry is left out, given twice, or made up. */
export type EntryEdit = 'drop' | 'double' | 'invent';

const FAR_OFF = 1_000_000;

/**
 * A JSON answer whose largest list misses its middle entry, has it twice, or has one more like it that nobody asked for.
 * The answer itself when it is no JSON or has no list with an entry.
 */
export function editedEntries(text: string, edit: EntryEdit): string {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return text;
  }
  const list = largestList(answer);
  if (list === undefined) return text;
  const at = list.length >> 1;
  if (edit === 'drop') list.splice(at, 1);
  else list.splice(at, 0, edit === 'double' ? structuredClone(list[at]) : invented(list[at]));
  return JSON.stringify(answer);
}

function largestList(value: unknown): unknown[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const own = Array.isArray(value) && value.length > 0 ? value : undefined;
  return Object.values(value)
    .map(largestList)
    .reduce((most, list) => ((list?.length ?? 0) > (most?.length ?? 0) ? list : most), own);
}

/** Of the same shape, with other texts and numbers. */
function invented(value: unknown): unknown {
  if (typeof value === 'string') return `invented-${value}`;
  if (typeof value === 'number') return value + FAR_OFF;
  if (Array.isArray(value)) return value.map(invented);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, invented(inner)]));
}
