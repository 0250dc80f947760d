import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { CONTRACT_NAMES, contractSchema } from '../check/contract.js';
import { patternProblem } from '../config/pattern-cost.js';
import { isRecord } from '../json/json-shapes.js';

const FOLDER = new URL('../../../../schemas/', import.meta.url);

it('holds every schema file and nothing else', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  expect(CONTRACT_NAMES.map((name) => `${name}.schema.json`).toSorted()).toEqual(files.toSorted());
});

describe.each(CONTRACT_NAMES)('the contract %s', (name) => {
  const schema = contractSchema(name);
  const parts = partsOf({ schema });

  it('is what schemas/ says; `npm run docs` makes it so', () => {
    const text = readFileSync(new URL(`${name}.schema.json`, FOLDER), 'utf8');
    expect(schema).toEqual(JSON.parse(text));
  });

  it('is a sound JSON Schema 2020-12', () => {
    const ajv = new Ajv2020({ discriminator: true, keywords: ['x-fault'], strict: false });
    expect(ajv.validateSchema(schema)).toBe(true);
    expect(schema.$id).toBe(`${name}.schema.json`);
  });

  it('tells what every property is', () => {
    const properties = parts.filter((part) => part.isProperty && !part.isCondition && !part.schema.not);
    expect(properties.filter(({ schema: { title, description } }) => !title || !description)).toEqual([]);
  });

  it('is closed', () => {
    const objects = parts.filter((part) => part.schema.properties && !part.isCondition);
    expect(objects.filter((part) => part.schema.additionalProperties !== false)).toEqual([]);
  });

  it('matches in time that does not explode', () => {
    const patterns = parts
      .map((part) => part.schema.pattern)
      .filter((pattern) => typeof pattern === 'string');
    expect(patterns.filter((pattern) => patternProblem(pattern) !== undefined)).toEqual([]);
  });
});

interface Part {
  schema: Record<string, unknown>;
  isProperty?: boolean;
  /** Inside `if`, `then` or `else`, where keywords narrow what is described elsewhere. */
  isCondition?: boolean;
}

/** A schema and all schemas in it. */
function partsOf({ schema, ...told }: { schema: unknown } & Omit<Part, 'schema'>): Part[] {
  if (!isRecord(schema)) return [];
  const { isCondition } = told;
  const inner = Object.entries(schema).flatMap(([keyword, value]) => {
    switch (keyword) {
      case 'properties':
        return Object.values(value as object).flatMap((each) =>
          partsOf({ schema: each, isProperty: true, isCondition }),
        );
      case '$defs':
      case 'allOf':
      case 'oneOf':
        return Object.values(value as object).flatMap((each) => partsOf({ schema: each, isCondition }));
      case 'items':
      case 'additionalProperties':
      case 'propertyNames':
      case 'not':
        return partsOf({ schema: value, isCondition });
      case 'if':
      case 'then':
      case 'else':
        return partsOf({ schema: value, isCondition: true });
      default:
        return [];
    }
  });
  return [{ schema, ...told }, ...inner];
}
