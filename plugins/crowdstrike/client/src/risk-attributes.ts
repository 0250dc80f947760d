import { normalizedScore, roundedRisk } from './risk-score.js';
import { type BandBounds, bandOf } from './score-bands.js';

interface RiskAttribute {
  name: 'Risk Score' | 'Netskope Normalized Score' | 'Score Band';
  value: number | string;
}

/** What a risk score writes onto an object; nothing for a user without one. */
export function riskAttributes(riskScore: number | undefined, bands: BandBounds): RiskAttribute[] {
  if (riskScore === undefined) return [];
  const normalized = normalizedScore(riskScore);
  return [
    { name: 'Risk Score', value: roundedRisk(riskScore) },
    { name: 'Netskope Normalized Score', value: normalized },
    { name: 'Score Band', value: bandOf(normalized, bands) },
  ];
}
