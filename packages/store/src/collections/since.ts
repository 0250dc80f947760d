const UNIT_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

const SPAN = /^(\d{1,6})([mhdw])$/;
/** A date alone is its start in UTC; a time needs its zone. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/**
 * The time that a text names, in milliseconds since 1970: ISO 8601, or a span back from `now` of minutes, hours, days or
 * weeks (`90m`, `12h`, `7d`, `2w`). Undefined for anything else.
 */
export function parseSince(text: string, now: number): number | undefined {
  const span = SPAN.exec(text);
  if (span !== null) return now - Number(span[1]) * UNIT_MS[span[2]!]!;
  if (!ISO_TIME.test(text) || !isCalendarDay(text.slice(0, 10))) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** Date.parse takes 30 February for 2 March. */
function isCalendarDay(day: string): boolean {
  const at = Date.parse(day);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}
