import { problemsOf } from '../check/ajv-problems.js';
import { checkAgainst, contractId } from '../check/contract.js';
import { childPointer } from '../json/json-pointer.js';
import { isRecord, placedTexts, recordOf } from '../json/json-shapes.js';
import { jsonProblem } from '../json/measure-json.js';
import { orderProblems, problem, type Problem } from '../json/problem.js';
import { compileConfig } from './compile-config.js';
import { fillDefaults } from './fill-defaults.js';
import { lintChoice, lintCondition } from './lint-alternatives.js';
import { patternProblem } from './pattern-cost.js';
import { MAX_OUTPUT_DEPTH, MAX_SCHEMA_DEPTH, type SchemaNode, schemaNodes } from './schema-nodes.js';
import { soundsSecret } from './secret-names.js';

/**
 * What a schema describes: settings of a plugin (or a command's input), a vendor account with its secrets, or a command's
 * output.
 */
export type SchemaRole = 'config' | 'connection' | 'output';

const CONTRACTS: Record<SchemaRole, string> = {
  config: contractId('config-subset'),
  connection: `${contractId('config-subset')}#/$defs/connectionSchema`,
  output: contractId('output-subset'),
};

/** What a schema may measure at most. */
const SCHEMA_LIMITS = { maxDepth: 40, maxBytes: 64 * 1024 } as const;

/**
 * Every problem of a schema that came with a plugin, as a schema of the config subset; empty for a sound one. The
 * schema may be anything: nothing is run before it is known to be small, closed and free of costly patterns.
 * Paths are JSON Pointers into the schema.
 */
export function lintConfigSchema(schema: unknown, options: { role?: SchemaRole } = {}): Problem[] {
  const unfit = jsonProblem(schema, SCHEMA_LIMITS);
  if (unfit) return [unfit];
  const { role = 'config' } = options;
  const structure = checkAgainst(CONTRACTS[role], schema);
  const meaning = lintSchemaMeaning(schema, { role, pointer: '', structure });
  return orderProblems([...structure, ...meaning]);
}

export interface SchemaPlace {
  role: SchemaRole;
  /** Where the schema lies in its document. */
  pointer: string;
  /** What the contract's JSON Schema has told of the document. */
  structure: readonly Problem[];
}

/** The problems of a schema that the contract's JSON Schema cannot tell of. What is no schema has none. */
export function lintSchemaMeaning(schema: unknown, { role, pointer, structure }: SchemaPlace): Problem[] {
  if (!isRecord(schema)) return [];
  const unfit = jsonProblem(schema, SCHEMA_LIMITS);
  if (unfit) return [{ ...unfit, path: pointer + unfit.path }];
  const nodes = [...schemaNodes(schema, pointer)];
  const deepest = role === 'output' ? MAX_OUTPUT_DEPTH : MAX_SCHEMA_DEPTH;
  const deep = nodes.find((node) => node.level > deepest);
  if (deep) {
    const message = `More than ${deepest} levels of schemas in schemas: flatten it.`;
    return [problem('DOCUMENT_TOO_DEEP', deep.pointer, message)];
  }
  const rules = role === 'config' ? [...RULES, lintSecretName] : RULES;
  const problems = nodes.flatMap((node) => rules.flatMap((rule) => rule(node)));
  // Defaults are tried only on a schema that is known to be sound and harmless.
  const isSound = problems.length === 0 && structure.every(({ path }) => !path.startsWith(pointer));
  return isSound ? nodes.flatMap(lintDefault) : problems;
}

type Rule = (node: SchemaNode) => Problem[];

const RULES: Rule[] = [
  lintPatterns,
  lintBounds,
  lintRequired,
  lintChoice,
  lintCondition,
  lintUnique,
  lintColumns,
];

const BOUNDS = [
  ['minimum', 'maximum'],
  ['exclusiveMinimum', 'exclusiveMaximum'],
  ['minLength', 'maxLength'],
  ['minItems', 'maxItems'],
] as const;

function lintPatterns({ value, pointer }: SchemaNode): Problem[] {
  const places = [{ owner: value, at: pointer }];
  for (const [name, bounds] of Object.entries(recordOf(recordOf(value.then).properties))) {
    places.push({ owner: recordOf(bounds), at: childPointer(`${pointer}/then/properties`, name) });
  }
  return places.flatMap(({ owner, at }) => {
    const refusal = typeof owner.pattern === 'string' ? patternProblem(owner.pattern) : undefined;
    return refusal === undefined ? [] : [problem('PATTERN_UNSAFE', childPointer(at, 'pattern'), refusal)];
  });
}

function lintBounds({ value, pointer }: SchemaNode): Problem[] {
  return BOUNDS.flatMap(([least, most]) => {
    if (
      Number(value[least]) <= Number(value[most]) ||
      value[least] === undefined ||
      value[most] === undefined
    ) {
      return [];
    }
    const message = `${least} is above ${most}, so that nothing fits: swap them.`;
    return [problem('SCHEMA_CONTRADICTS', childPointer(pointer, least), message)];
  });
}

function lintRequired({ value, pointer }: SchemaNode): Problem[] {
  const known = recordOf(value.properties);
  return placedTexts(value.required, childPointer(pointer, 'required'))
    .filter((name) => !Object.hasOwn(known, name.value))
    .map((name) => {
      const message = `“${name.value}” is required but not among the properties: declare it or take it out.`;
      return problem('SCHEMA_CONTRADICTS', name.pointer, message);
    });
}

function lintUnique({ value, pointer }: SchemaNode): Problem[] {
  const scalar = ['string', 'number', 'integer', 'boolean'].includes(String(recordOf(value.items).type));
  if (value.uniqueItems !== true || scalar) return [];
  const message = 'Only lists of texts, numbers or booleans can be unique: take uniqueItems out.';
  return [problem('SCHEMA_CONTRADICTS', childPointer(pointer, 'uniqueItems'), message)];
}

function lintColumns({ value, pointer }: SchemaNode): Problem[] {
  const isList = value.type === 'array';
  const known = recordOf((isList ? recordOf(value.items) : value).properties);
  const whose = isList ? 'The items have' : 'The object has';
  return placedTexts(value['x-columns'], childPointer(pointer, 'x-columns'))
    .filter((column) => !Object.hasOwn(known, column.value))
    .map((column) => {
      const message = `${whose} no property “${column.value}”: name one of those that there are.`;
      return problem('SCHEMA_CONTRADICTS', column.pointer, message);
    });
}

function lintSecretName({ value, pointer, name }: SchemaNode): Problem[] {
  if (name === undefined || value.type !== 'string' || !soundsSecret(name)) return [];
  const message =
    `“${name}” sounds like a secret, which a config never holds: move it to connection.schema with ` +
    '"x-secret": true, or choose a name that says what it is.';
  return [problem('SECRET_IN_CONFIG', pointer, message)];
}

function lintDefault({ value, pointer }: SchemaNode): Problem[] {
  if (value.default === undefined) return [];
  const path = childPointer(pointer, 'default');
  return problemsOf(compileConfig(value)(fillDefaults(value, value.default))).map((each) =>
    problem('DEFAULT_INVALID', path + each.path, `The default does not fit its own schema: ${each.message}`),
  );
}
