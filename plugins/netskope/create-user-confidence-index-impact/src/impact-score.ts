import { IMPACT_RANGE } from '@drover-plugins/netskope-client';
import type { PluginObject } from '@drover/plugin-sdk';

export interface ScoreConfig {
  /** Points, 1 to 1,000. */
  score: number;
  useAttribute: boolean;
}

/** How many points an impact takes off, or why no impact can be made: one sentence. */
export type ImpactScore = { ok: true; score: number } | { ok: false; reason: string };

const SCORE_ATTRIBUTE = 'User Confidence Index Score';

/**
 * The configured score, or with `useAttribute` the highest value of the object's attribute, rounded. An object without
 * the attribute gets the configured score. One whose attribute is no possible score gets no impact: the config speaks for
 * objects that nothing is known of, not for those of which something is known.
 */
export function impactScoreOf(object: PluginObject, config: ScoreConfig): ImpactScore {
  const values = object.attributes.filter(({ name }) => name === SCORE_ATTRIBUTE).map(({ value }) => value);
  if (!config.useAttribute || values.length === 0) return { ok: true, score: config.score };
  const numbers = values.map(numberOf).filter((number) => number !== undefined);
  if (numbers.length === 0)
    return { ok: false, reason: `its value "${String(values[0]).slice(0, 80)}" is no number in digits` };
  const score = Math.round(numbers.reduce((most, number) => Math.max(most, number)));
  if (score >= IMPACT_RANGE.least && score <= IMPACT_RANGE.most) return { ok: true, score };
  return {
    ok: false,
    reason: `its value ${score} is not from ${IMPACT_RANGE.least} to ${IMPACT_RANGE.most}`,
  };
}

/** Imported attributes may hold numbers as text. Other texts that JavaScript reads as numbers, say `0x10`, are none. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
