import {
  type AcceptedType,
  FaultList,
  findObjectType,
  findSubtype,
  type PluginManifest,
} from '@drover/model';
import { checkDocument, DOCUMENT_LIMITS } from '../check/contract.js';
import { lintSchemaMeaning } from '../config/lint-config.js';
import { isRecord, type JsonRecord, recordOf } from '../json/json-shapes.js';
import { copyJson, jsonProblem } from '../json/measure-json.js';
import { orderProblems, type Problem, summarize } from '../json/problem.js';
import { lintCalls } from './lint-calls.js';
import { lintConnection } from './lint-connection.js';
import { lintIdentity } from './lint-identity.js';
import { lintLimits } from './lint-limits.js';
import { lintTypes } from './lint-types.js';

export interface ParseOptions {
  /** What people know the document by, such as its path in a bundle. Default: the name of its kind. */
  path?: string;
}

/**
 * A plugin's manifest from JSON: a new value, object types in their canonical spelling. Fault: `MANIFEST_INVALID`, a
 * `FaultList` with every problem at once, each with its JSON Pointer.
 */
export function parsePluginManifest(
  json: unknown,
  { path = 'plugin.json' }: ParseOptions = {},
): PluginManifest {
  const problems = lintPluginManifest(json);
  if (problems.length > 0) throw new FaultList('MANIFEST_INVALID', summarize(path, problems), problems);
  return canonical(copyJson(json) as PluginManifest);
}

/** Every problem of a plugin's manifest, in the order of their places; empty for a sound one. Never throws. */
export function lintPluginManifest(json: unknown): Problem[] {
  const unfit = jsonProblem(json, DOCUMENT_LIMITS);
  if (unfit) return [unfit];
  const structure = checkDocument('plugin-manifest', json);
  return isRecord(json) ? orderProblems([...structure, ...lintMeaning(json, structure)]) : structure;
}

/** What the JSON Schema cannot tell. Every rule stands a manifest that breaks the schema, so that all is told at once. */
function lintMeaning(manifest: JsonRecord, structure: readonly Problem[]): Problem[] {
  const account = { role: 'connection', pointer: '/connection/schema' } as const;
  return [
    ...lintIdentity(manifest),
    ...lintTypes(manifest),
    ...lintConnection(manifest),
    ...lintCalls(manifest),
    ...lintLimits(manifest),
    ...lintSchemaMeaning(recordOf(manifest.connection).schema, { ...account, structure }),
    ...(['config', 'input'] as const).flatMap((key) =>
      lintSchemaMeaning(manifest[key], { role: 'config', pointer: `/${key}`, structure }),
    ),
    ...lintSchemaMeaning(manifest.output, { role: 'output', pointer: '/output', structure }),
  ];
}

function canonical(manifest: PluginManifest): PluginManifest {
  return {
    ...manifest,
    ...(manifest.accepts && { accepts: manifest.accepts.map(canonicalType) }),
    ...(manifest.produces && { produces: manifest.produces.map(canonicalType) }),
    // A command takes one document: a run of one.
    ...(manifest.kind === 'command' && {
      limits: { ...manifest.limits, objectsPerRun: { default: 1, max: 1 }, batch: { objects: 1 } },
    }),
    // A feed's pull has no cap; its batch is a page.
    ...(manifest.kind === 'feed' && {
      limits: {
        ...manifest.limits,
        objectsPerRun: { default: manifest.limits.batch.objects, max: manifest.limits.batch.objects },
      },
    }),
  };
}

function canonicalType({ type, subtypes }: AcceptedType): AcceptedType {
  const name = findObjectType(type) ?? type;
  return {
    type: name,
    ...(subtypes && { subtypes: subtypes.map((each) => findSubtype(name, each) ?? each) }),
  };
}
