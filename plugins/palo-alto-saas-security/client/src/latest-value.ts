import type { AttributeValue, PluginObject } from '@drover/plugin-sdk';

/** What was said last of an attribute, whoever said it; those of one name stand from the oldest to the latest. */
export function latestValue(object: PluginObject, name: string): AttributeValue | undefined {
  return object.attributes.findLast((attribute) => attribute.name === name)?.value;
}
