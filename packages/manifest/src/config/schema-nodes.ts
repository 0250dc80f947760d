import { childPointer } from '../json/json-pointer.js';
import { isRecord, type JsonRecord, type Placed, placedRecords, recordOf } from '../json/json-shapes.js';

/** Most levels of schemas in schemas: the root is level 1. */
export const MAX_SCHEMA_DEPTH = 6;
/** The same for outputs, which are nested as vendors nest them. */
export const MAX_OUTPUT_DEPTH = 12;

/** One schema inside a config schema: the root, a property, the items of a list or a branch of a choice. */
export interface SchemaNode extends Placed<JsonRecord> {
  level: number;
  /** Name of the property that it describes; absent for the root, items and branches. */
  name?: string;
}

/**
 * All schemas of a config schema, outer ones first. Stands anything: what is no schema is left out, and below
 * `MAX_OUTPUT_DEPTH` levels it goes one level on, so that a rule can tell of it, and no further.
 */
export function* schemaNodes(schema: unknown, pointer: string, level = 1): Generator<SchemaNode> {
  if (!isRecord(schema)) return;
  yield { value: schema, pointer, level };
  yield* nodesBelow(schema, pointer, level);
}

function* nodesBelow(schema: JsonRecord, pointer: string, level: number): Generator<SchemaNode> {
  if (level > MAX_OUTPUT_DEPTH) return;
  yield* propertyNodes(schema, pointer, level);
  yield* schemaNodes(schema.items, childPointer(pointer, 'items'), level + 1);
  // Only an output has a schema there.
  yield* schemaNodes(schema.additionalProperties, childPointer(pointer, 'additionalProperties'), level + 1);
  for (const branch of placedRecords(schema.oneOf, childPointer(pointer, 'oneOf'))) {
    // A branch stands in the place of the object that offers the choice: no level of its own.
    yield { ...branch, level };
    yield* propertyNodes(branch.value, branch.pointer, level);
  }
}

function* propertyNodes(schema: JsonRecord, pointer: string, level: number): Generator<SchemaNode> {
  const place = childPointer(pointer, 'properties');
  for (const [name, property] of Object.entries(recordOf(schema.properties))) {
    if (!isRecord(property)) continue;
    const node = { value: property, pointer: childPointer(place, name), level: level + 1, name };
    yield node;
    yield* nodesBelow(property, node.pointer, node.level);
  }
}

/** The property that tells the branches of a choice apart: required in all, with a different `const` in each. */
export function discriminatorOf(branches: readonly JsonRecord[]): string | undefined {
  const [first] = branches;
  return Object.keys(recordOf(first?.properties)).find((name) => {
    const values = branches.map((branch) => recordOf(recordOf(branch.properties)[name]).const);
    const required = branches.every((branch) => [branch.required].flat().includes(name));
    return (
      required && values.every((value) => typeof value === 'string') && new Set(values).size === values.length
    );
  });
}
