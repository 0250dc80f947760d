import { configInvalid } from '@drover/plugin-sdk';

export type ScoreBand = 'Poor' | 'Moderate' | 'Good';

/**
 * Where bands of the normalised score (0 to 1000) end: Poor from 0 to `poorUpTo`, Moderate from there to `moderateUpTo`, Good
 * above. There is no gap and no overlap between them, whatever the bounds are.
 */
export interface BandBounds {
  poorUpTo: number;
  moderateUpTo: number;
}

/** Throws `CONFIG_INVALID` for bounds that leave the band in the middle nothing. */
export function checkBands({ poorUpTo, moderateUpTo }: BandBounds): void {
  if (poorUpTo < moderateUpTo) return;
  throw configInvalid(
    `Moderate ends at ${moderateUpTo}, where Poor (up to ${poorUpTo}) has not left it anything: set moderateUpTo above poorUpTo.`,
    { path: '/moderateUpTo' },
  );
}

export function bandOf(score: number, { poorUpTo, moderateUpTo }: BandBounds): ScoreBand {
  if (score <= poorUpTo) return 'Poor';
  return score <= moderateUpTo ? 'Moderate' : 'Good';
}
