import { Fault } from '@drover/plugin-sdk';

/** Pages of incidents: 10 to 1,000 in steps of ten. */
const LEAST = 10;
const STEP = 10;

/** Throws `code` when the API would not take a page of this size, or the caller allows no more than `most`. */
export function checkPageSize(size: number, rule: { most: number; code: string; path: string }): void {
  const { most, code, path } = rule;
  if (size >= LEAST && size <= most && size % STEP === 0) return;
  const nearest = Math.min(most, Math.max(LEAST, Math.round(size / STEP) * STEP));
  const message = `A page of SaaS Security holds ${LEAST} to ${most} incidents, in tens, and not ${size}; try ${nearest}.`;
  throw new Fault(code, message, { path });
}
