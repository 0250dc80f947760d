import type { ErrorObject, ValidateFunction } from 'ajv';
import { loadAjv, loadFormats } from '../../lazy/libraries.cjs';
import { isRecord, type JsonRecord } from '../json/json-shapes.js';
import { copyJson } from '../json/measure-json.js';
import { MAX_MATCHED_LENGTH } from './pattern-cost.js';
import { discriminatorOf, schemaNodes } from './schema-nodes.js';

/** The formats of the config subset. */
export const CONFIG_FORMATS = [
  'date',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'json-pointer',
  'time',
  'uri',
  'uuid',
] as const;

/** Texts longer than this have none of the formats; keeps the work of matching them small. */
const MAX_FORMATTED_LENGTH = 2048;

/** Tells what is wrong with a value, in ajv's words; empty when it fits. */
export type ConfigCheck = (value: unknown) => ErrorObject[];

/**
 * A check for a schema of the config subset that has passed its lint. Patterns and formats run on texts of bounded
 * length only, whatever the schema says. Throws for what ajv does not take.
 */
export function compileConfig(schema: JsonRecord): ConfigCheck {
  compiler ??= makeCompiler();
  const prepared = withDiscriminators(schema);
  const validate: ValidateFunction = compiler.compile(prepared);
  // The compiler would keep every schema that it has seen.
  compiler.removeSchema(prepared);
  return (value) => (validate(value) ? [] : [...(validate.errors ?? [])]);
}

let compiler: ReturnType<typeof makeCompiler> | undefined;

function makeCompiler() {
  const Ajv = loadAjv();
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    discriminator: true,
    ownProperties: true,
    allowUnionTypes: true,
    strictRequired: false,
    strictTypes: false,
    meta: false,
    validateSchema: false,
    keywords: ['x-ui', 'x-secret', 'x-columns'],
    code: { regExp: boundedRegExp, optimize: false },
  });
  for (const name of CONFIG_FORMATS) {
    ajv.addFormat(name, { type: 'string', validate: boundedFormat(loadFormats().get(name, 'full')) });
  }
  return ajv;
}

boundedRegExp.code = 'boundedRegExp';

function boundedRegExp(pattern: string, flags: string) {
  const expression = new RegExp(pattern, flags);
  return {
    test: (text: string) => text.length <= MAX_MATCHED_LENGTH && expression.test(text),
    toString: () => expression.toString(),
  };
}

function boundedFormat(format: unknown): (text: string) => boolean {
  const rule =
    typeof format === 'object' && format !== null && 'validate' in format ? format.validate : format;
  const fits =
    typeof rule === 'function'
      ? (text: string) => Boolean((rule as (text: string) => unknown)(text))
      : (text: string) => (rule as RegExp).test(text);
  return (text) => text.length <= MAX_FORMATTED_LENGTH && fits(text);
}

/** A copy of the schema with the discriminator of each choice named, so that only the branch taken is told of. */
function withDiscriminators(schema: JsonRecord): JsonRecord {
  const copy = copyJson(schema);
  for (const { value } of schemaNodes(copy, '')) {
    if (!Array.isArray(value.oneOf)) continue;
    value.discriminator = { propertyName: discriminatorOf(value.oneOf.filter(isRecord)) };
  }
  return copy;
}
