import type { PluginObject } from '@drover/plugin-sdk';
import { latestValue } from './latest-value.js';

const DIGITS = /^\d{1,18}$/;

/** The id of the incident: the attribute `incident_id`, else what follows the slash of `tenant/id`. */
export function incidentIdOf(object: PluginObject): string | undefined {
  const told = latestValue(object, 'incident_id');
  const candidates = [told === undefined ? '' : String(told), object.value.split('/').at(-1)!];
  return candidates.find((text) => DIGITS.test(text));
}
