import { checkConfig } from '../config/check-config.js';
import { pointerKeys } from '../json/json-pointer.js';

export interface CarriedConfig {
  /** What the schema takes. */
  defaults: Record<string, unknown>;
  /** What it does not: whole top-level values, for a schema that does. */
  setAside: Record<string, unknown>;
}

/**
 * What was configured by hand, under another version's schema. Values that were set aside before come back when they fit and
 * nothing newer has their name. What is required and absent is the run's business.
 */
export function carryConfig(schema: unknown, { defaults, setAside }: CarriedConfig): CarriedConfig {
  const kept: Record<string, unknown> = { ...setAside, ...defaults };
  const left: Record<string, unknown> = {};
  for (;;) {
    const unfit = unfitNames(schema, kept).filter((name) => Object.hasOwn(kept, name));
    if (unfit.length === 0) return { defaults: kept, setAside: left };
    for (const name of unfit) {
      left[name] = kept[name];
      delete kept[name];
    }
  }
}

function unfitNames(schema: unknown, config: Record<string, unknown>): string[] {
  const result = checkConfig(schema, config, { isSound: true });
  if (result.ok) return [];
  const problems = result.problems.filter(({ code }) => code !== 'PROPERTY_MISSING');
  return [
    ...new Set(problems.map(({ path }) => pointerKeys(path)?.[0]).filter((name) => name !== undefined)),
  ];
}
