import type { LimitWindow } from '@drover/engine';
import type { RateRule } from '@drover/model';

/**
 * Requests meet the vendor's clock after ways of different lengths: those of one window keep so far from those of the next.
 */
const MARGIN_SHARE = 0.06;
const LONGEST_MARGIN_MS = 250;
/** Grants that are remembered for a window. A rule of more is kept as so many in a part of its time, which is stricter. */
const MOST_GRANTS = 128;

const known = new WeakMap<RateRule, readonly LimitWindow[]>();

/**
 * A manifest's rule as windows that hold wherever they begin, so that the vendor may count in windows of any alignment.
 * `burst` is a window of its own: so many, in the time in which the rule allows so many.
 */
export function windowsOf(rule: RateRule | undefined): readonly LimitWindow[] {
  if (rule === undefined) return [];
  const made = known.get(rule) ?? makeWindows(rule);
  known.set(rule, made);
  return made;
}

function makeWindows({ requests, perMs, burst = requests }: RateRule): LimitWindow[] {
  const spanMs = perMs + Math.min(perMs * MARGIN_SHARE, LONGEST_MARGIN_MS);
  const parts = Math.ceil(requests / MOST_GRANTS);
  const grants = Math.floor(requests / parts);
  const windows = [{ grants, inMs: spanMs / parts }];
  if (burst < grants) windows.push({ grants: burst, inMs: (spanMs * burst) / requests });
  return windows;
}
