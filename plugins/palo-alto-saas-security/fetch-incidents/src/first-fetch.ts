import { Fault } from '@drover/plugin-sdk';

const FORM = /^(\d+) (minute|hour|day|week|month|year)s?$/;
const UNIT_MS: Record<string, number> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
};

/**
 * The time so long before another one: "12 hours", "3 days". Months and years are those of the calendar; a day that the
 * month does not have is its last. In milliseconds since 1970; throws `CONFIG_INVALID` for other words and for times before.
 */
export function timeBefore(words: string, time: string): number {
  const [, amount, unit = ''] = FORM.exec(words) ?? [];
  const unitMs = UNIT_MS[unit];
  const months = Number(amount) * (unit === 'year' ? 12 : 1);
  const ms = unitMs === undefined ? monthsBefore(months, time) : Date.parse(time) - Number(amount) * unitMs;
  if (ms >= 0) return ms;
  throw new Fault(
    'CONFIG_INVALID',
    `The first fetch cannot go back by "${words}"; say a number and a unit, such as 12 hours or 3 days.`,
    { path: '/firstFetch' },
  );
}

function monthsBefore(months: number, time: string): number {
  const then = new Date(time);
  const day = then.getUTCDate();
  then.setUTCDate(1);
  then.setUTCMonth(then.getUTCMonth() - months);
  const lastDay = new Date(Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 0)).getUTCDate();
  return then.setUTCDate(Math.min(day, lastDay));
}
