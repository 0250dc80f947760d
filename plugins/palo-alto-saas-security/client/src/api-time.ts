/** ISO 8601 in UTC with exactly three fractional digits, as the API writes and takes it. */
export function apiTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Milliseconds since 1970 of a time as the API writes it: with `Z`, or with `+0000`. `undefined` for anything else. */
export function readApiTime(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\dT/.test(text)) return undefined;
  const ms = Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(ms) ? undefined : ms;
}
