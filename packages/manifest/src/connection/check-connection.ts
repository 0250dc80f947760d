import type { ConnectionSpec } from '@drover/model';
import { checkConfig } from '../config/check-config.js';
import { childPointer } from '../json/json-pointer.js';
import { isRecord, type JsonRecord, recordOf } from '../json/json-shapes.js';
import { copyJson } from '../json/measure-json.js';
import { orderProblems, problem, type Problem } from '../json/problem.js';

export type ConnectionResult =
  /** A new value with defaults filled in, without secrets. */
  | { ok: true; settings: Record<string, unknown> }
  /** Everything that is wrong, each with a JSON Pointer into the settings; a secret's is that of its property. */
  | { ok: false; problems: Problem[] };

/** Names of the properties of a connection's schema that hold secrets, in the order of the schema. */
export function secretNamesOf(spec: ConnectionSpec): string[] {
  return Object.entries(recordOf(spec.schema.properties))
    .filter(([, property]) => isSecret(property))
    .map(([name]) => name);
}

/**
 * Holds an account's settings, and the names of the secrets that are set, against what a plugin wants. The secrets
 * themselves are not looked at. Does not judge the base URL's host and scheme beyond the schema.
 */
export function checkConnection(
  spec: ConnectionSpec,
  settings: Record<string, unknown>,
  secretNames: readonly string[],
): ConnectionResult {
  const secrets = secretNamesOf(spec);
  const clear = secrets.filter((name) => Object.hasOwn(settings, name));
  const plain = secretNames.filter((name) => isKnown(spec, name) && !secrets.includes(name));
  const misplaced = [...clear.map(givenInTheClear), ...plain.map(notASecret)];
  // Stands for each secret that is given, wherever; its value is nobody's business here.
  const present = [...clear, ...secretNames.filter((name) => !plain.includes(name))];
  const value = { ...settings, ...Object.fromEntries(present.map((name) => [name, 'set'])) };
  const result = checkConfig(presenceSchema(spec.schema), value, { role: 'connection' });
  const problems = orderProblems([...misplaced, ...(result.ok ? [] : result.problems)]);
  if (!result.ok || problems.length > 0) return { ok: false, problems };
  const kept = Object.entries(result.config).filter(([name]) => !secrets.includes(name));
  return { ok: true, settings: Object.fromEntries(kept) };
}

function isSecret(property: unknown): boolean {
  return recordOf(property)['x-secret'] === true;
}

function isKnown(spec: ConnectionSpec, name: string): boolean {
  return Object.hasOwn(recordOf(spec.schema.properties), name);
}

function givenInTheClear(name: string): Problem {
  const message = `“${name}” is a secret: give it as a secret, not among the settings.`;
  return problem('SECRET_IN_SETTINGS', childPointer('', name), message);
}

function notASecret(name: string): Problem {
  const message = `“${name}” is not a secret: give it among the settings.`;
  return problem('PROPERTY_UNKNOWN', childPointer('', name), message);
}

const presenceSchemas = new WeakMap<object, JsonRecord>();

/** The schema with secrets as bare texts, of which only the presence is looked at. */
function presenceSchema(schema: ConnectionSpec['schema']): JsonRecord {
  const known = presenceSchemas.get(schema);
  if (known) return known;
  const copy = copyJson(schema) as JsonRecord;
  const properties = Object.entries(recordOf(copy.properties)).map(([name, property]) => {
    const { type, title, description } = recordOf(property);
    return [name, isSecret(property) ? { type, title, description, 'x-secret': true } : property] as const;
  });
  if (isRecord(copy.properties)) copy.properties = Object.fromEntries(properties);
  presenceSchemas.set(schema, copy);
  return copy;
}
