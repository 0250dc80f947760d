/** The highest score of Netskope's scale, where 1000 is the least risk. CrowdStrike's runs the other way, from 0 to 1. */
export const MAX_SCORE = 1_000;

/** A risk score as it is shown: two decimals. */
export function roundedRisk(riskScore: number): number {
  return Number(riskScore.toFixed(2));
}

/** |1 − risk| × 1000 of the rounded risk score, as a whole number: 0 is the highest risk, 1000 the lowest. */
export function normalizedScore(riskScore: number): number {
  return Math.round(Math.abs(1 - roundedRisk(riskScore)) * MAX_SCORE);
}
