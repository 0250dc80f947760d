import type { EffectiveSetting } from '@drover/cli';
import type { ReadEnvironment } from './read-environment.js';
import type { Settings } from './settings.js';
import { VARIABLES } from './variables.js';

/** The settings in force, for people: secrets only as `set` or `not set`. */
export function effectiveSettings({ settings, origins }: ReadEnvironment): EffectiveSetting[] {
  return (Object.keys(VARIABLES) as (keyof Settings)[]).map((key) => {
    const { name, secret } = VARIABLES[key];
    return {
      name,
      value: secret ? shownSecret(settings[key]) : String(settings[key] ?? 'not set'),
      origin: origins[key],
    };
  });
}

function shownSecret(value: Settings[keyof Settings]): string {
  const isSet = Array.isArray(value) ? value.length > 0 : value !== undefined;
  return isSet ? 'set' : 'not set';
}
