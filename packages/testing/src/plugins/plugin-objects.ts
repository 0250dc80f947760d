import type { PluginObject } from '@drover/model';

/** An object as plugins see it, made of what a test cares for. Default: a URL indicator at revision 1. */
export function pluginObject(fields: { id: string; value: string } & Partial<PluginObject>): PluginObject {
  return { type: 'indicator', subtype: 'URL', aliases: [], attributes: [], revision: 1, ...fields };
}

/** URL indicators (or of the given kind) with the ids `obj_1`, `obj_2`, …, one for each value. */
export function pluginObjects(values: readonly string[], kind: Partial<PluginObject> = {}): PluginObject[] {
  return values.map((value, index) => pluginObject({ ...kind, id: `obj_${index + 1}`, value }));
}
