import type { ErrorObject } from 'ajv';
import { problemsOf } from '../check/ajv-problems.js';
import { isRecord, type JsonRecord, recordOf } from '../json/json-shapes.js';
import { pointerKeys } from '../json/json-pointer.js';
import { copyJson, jsonProblem } from '../json/measure-json.js';
import { orderProblems, type Problem } from '../json/problem.js';
import { type ConfigCheck, compileConfig } from './compile-config.js';
import { fillDefaults } from './fill-defaults.js';
import { lintConfigSchema, type SchemaRole } from './lint-config.js';

/** What a config or another document of a plugin may measure at most. */
const CONFIG_LIMITS = { maxDepth: 32, maxBytes: 256 * 1024 } as const;

export type ConfigResult =
  /** A new value with defaults filled in. */
  | { ok: true; config: Record<string, unknown> }
  /** Everything that is wrong, each with its JSON Pointer into the value. */
  | { ok: false; problems: Problem[] };

export interface ConfigCheckOptions {
  /** Default `config`. */
  role?: SchemaRole;
  /** The schema was found sound before, as that of an installed plugin was: it is not looked at again. Default false. */
  isSound?: boolean;
}

/**
 * Holds a value against a plugin's schema. The value is not changed; what fits comes back as a new value in which
 * absent properties have their defaults. Never throws for a JSON value; a schema that is no sound schema of the config
 * subset makes every value fail with the schema's problems.
 */
export function checkConfig(
  schema: unknown,
  value: unknown,
  { role = 'config', isSound = false }: ConfigCheckOptions = {},
): ConfigResult {
  const prepared = prepare(schema, { role, isSound });
  if ('problems' in prepared) return { ok: false, problems: prepared.problems };
  const unfit = jsonProblem(value, CONFIG_LIMITS);
  if (unfit) return { ok: false, problems: [unfit] };
  const filled = fillDefaults(prepared.schema, copyJson(value));
  const errors = prepared.check(filled).map((error) => withReason(error, prepared.schema));
  const problems = orderProblems(problemsOf(errors));
  return problems.length === 0 && isRecord(filled) ? { ok: true, config: filled } : { ok: false, problems };
}

/** What an output may measure at most. */
const OUTPUT_LIMITS = { maxDepth: 64, maxBytes: 16 * 1024 * 1024 } as const;

/**
 * Every problem of a command's output, each with its JSON Pointer into the output; empty when it fits the manifest's
 * `output`. Never throws for a JSON value.
 */
export function checkOutput(schema: unknown, value: unknown): Problem[] {
  const prepared = prepare(schema, { role: 'output', isSound: false });
  if ('problems' in prepared) return prepared.problems;
  const unfit = jsonProblem(value, OUTPUT_LIMITS);
  return unfit === undefined ? orderProblems(problemsOf(prepared.check(value))) : [unfit];
}

const UNDER_CONDITION = /^#((?:\/[^/]+)*)\/then\/properties\/([^/]+)\/const$/;

/** What a condition asks for says no more than its value: the property that it narrows says what that means. */
function withReason(error: ErrorObject, schema: JsonRecord): ErrorObject {
  const [, owner, name] = UNDER_CONDITION.exec(error.schemaPath) ?? [];
  if (owner === undefined || name === undefined) return error;
  const properties = recordOf(recordOf(valueAt(schema, owner)).properties);
  const { description } = recordOf(properties[name]);
  return { ...error, params: { ...error.params, reason: description } };
}

function valueAt(value: unknown, pointer: string): unknown {
  let part = value;
  for (const key of pointerKeys(pointer) ?? []) {
    part = Array.isArray(part) ? part[Number(key)] : recordOf(part)[key];
  }
  return part;
}

type Prepared = { schema: JsonRecord; check: ConfigCheck } | { problems: Problem[] };

/** By the schema's identity: a manifest is read once and checks many configs. */
const prepared = new WeakMap<object, Prepared>();

function prepare(schema: unknown, { role, isSound }: Required<ConfigCheckOptions>): Prepared {
  if (!isRecord(schema)) return { problems: lintConfigSchema(schema, { role }) };
  const known = prepared.get(schema);
  if (known) return known;
  const problems = isSound ? [] : lintConfigSchema(schema, { role });
  // Compiled from a copy, so that nobody can change it afterwards.
  const own = copyJson(schema);
  const made = problems.length > 0 ? { problems } : { schema: own, check: compileConfig(own) };
  prepared.set(schema, made);
  return made;
}
