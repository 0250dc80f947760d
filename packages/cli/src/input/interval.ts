import { InvalidArgumentError } from 'commander';

const UNIT_MS = { m: 60_000, h: 3_600_000 } as const;
const MAX_MS = 30 * 24 * UNIT_MS.h;

/** `15m` or `6h` as milliseconds: 1 minute to 30 days. */
export function interval(text: string): number {
  const [, digits, unit] = /^(\d{1,6})(m|h)$/.exec(text) ?? [];
  const ms = Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (ms >= UNIT_MS.m && ms <= MAX_MS) return ms;
  throw new InvalidArgumentError('Give minutes or hours from 1m to 720h, such as 15m or 6h.');
}

/** Milliseconds as `interval` takes them. */
export function intervalText(ms: number): string {
  return ms % UNIT_MS.h === 0 ? `${ms / UNIT_MS.h}h` : `${ms / UNIT_MS.m}m`;
}
