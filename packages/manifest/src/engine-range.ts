import type { FaultRecord } from '@drover/model';
import { loadSemver } from '../lazy/libraries.cjs';

/** Why a range under `engines.drover` is refused, as a sentence; `undefined` for a range that says something. */
export function engineRangeProblem(range: string): string | undefined {
  const { Range, validRange } = loadSemver();
  if (validRange(range) === null) return `“${range}” is no semver range: write one such as ^0.1.0.`;
  const takesAll = new Range(range).set.some((comparators) => comparators.every(({ value }) => value === ''));
  return takesAll ? `“${range}” takes every version: write a range such as ^0.1.0.` : undefined;
}

/** Whether a plugin's `engines.drover` takes this version of Drover; a pre-release counts as its release. */
export function checkEngine(range: string, version: string): FaultRecord | undefined {
  const path = '/engines/drover';
  const invalid = engineRangeProblem(range);
  if (invalid !== undefined) return { code: 'ENGINE_RANGE_INVALID', message: invalid, path };
  if (loadSemver().satisfies(version, range, { includePrerelease: true })) return undefined;
  const message = `The plugin works with Drover ${range}, and this is ${version}: install a version that fits.`;
  return { code: 'ENGINE_MISMATCH', message, path };
}
