import { isRecord, type JsonRecord, recordOf } from '../json/json-shapes.js';
import { copyJson } from '../json/measure-json.js';
import { discriminatorOf } from './schema-nodes.js';

/**
 * A copy of a JSON value with the defaults of a config schema where properties are absent, inside groups and list items
 * that are there. Of a choice, the defaults of the branch that the value has taken count.
 */
export function fillDefaults(schema: JsonRecord, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => fillDefaults(recordOf(schema.items), item));
  if (!isRecord(value)) return value;
  const properties = recordOf(propertiesFor(schema, value));
  // From entries, so that a member called __proto__ stays a member.
  const filled = Object.entries(value).map(([name, member]): [string, unknown] => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return [name, isRecord(property) ? fillDefaults(property, member) : member];
  });
  for (const [name, property] of Object.entries(properties)) {
    if (Object.hasOwn(value, name) || !isRecord(property) || property.default === undefined) continue;
    filled.push([name, fillDefaults(property, copyJson(property.default))]);
  }
  return Object.fromEntries(filled);
}

function propertiesFor(schema: JsonRecord, value: JsonRecord): unknown {
  if (!Array.isArray(schema.oneOf)) return schema.properties;
  const branches = schema.oneOf.filter(isRecord);
  const discriminator = discriminatorOf(branches);
  if (discriminator === undefined || !Object.hasOwn(value, discriminator)) return {};
  const taken = branches.find(
    (branch) => recordOf(recordOf(branch.properties)[discriminator]).const === value[discriminator],
  );
  return taken?.properties;
}
