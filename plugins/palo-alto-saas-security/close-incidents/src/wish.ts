import { latestValue } from '@drover-plugins/palo-alto-saas-security-client';
import type { OutcomeReason, PluginObject } from '@drover/plugin-sdk';
import type { Wish } from './judge.js';

/** The action's config, by the manifest's schema. */
export interface Config {
  /** Required unless `fromAttributes`. */
  category?: string;
  fromAttributes: boolean;
  stateAttribute: string;
  categoryAttribute: string;
  changeCategory: boolean;
}

/** What an object asks for; a reason when it does not say. */
export function wishOf(object: PluginObject, config: Config): Wish | OutcomeReason {
  if (!config.fromAttributes) return { state: 'closed', category: config.category ?? '' };
  const state = latestValue(object, config.stateAttribute);
  if (state === undefined) {
    const message = `The object has no attribute "${config.stateAttribute}" that says whether it is closed.`;
    return { code: 'STATE_MISSING', message };
  }
  if (String(state).trim().toLowerCase() !== 'closed') return { state: 'open' };
  return { state: 'closed', category: String(latestValue(object, config.categoryAttribute) ?? '') };
}
