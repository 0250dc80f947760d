import { Fault } from '@drover/model';

/** For commander: collects a repeatable option's values. */
export function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}

/** `key=value` taken apart at the first `=`. */
export function splitAssignment(text: string, { flag }: { flag: string }): { key: string; value: string } {
  const at = text.indexOf('=');
  if (at < 1)
    throw new Fault('INVALID_ARGUMENT', `${flag} takes KEY=VALUE; got a text without a key or "=".`);
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}

/**
 * Values of `--set KEY=VALUE`, read by the JSON type that the field has: texts stay as they are, numbers, booleans,
 * arrays and objects are parsed. A field without a known type is taken as text, and the check of the whole tells.
 */
export function typedAssignments(
  assignments: readonly string[],
  typeOf: (key: string) => string | undefined,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const assignment of assignments) {
    const { key, value } = splitAssignment(assignment, { flag: '--set' });
    values[key] = typedValue(key, value, typeOf(key));
  }
  return values;
}

function typedValue(key: string, value: string, type: string | undefined): unknown {
  if (type === undefined || type === 'string') return value;
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch (error) {
    throw wrongType(key, type, error);
  }
  if (jsonTypeMatches(parsed, type)) return parsed;
  throw wrongType(key, type);
}

function jsonTypeMatches(value: unknown, type: string): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function wrongType(key: string, type: string, cause?: unknown): Fault {
  const article = /^[aeiou]/.test(type) ? 'an' : 'a';
  return new Fault('INVALID_ARGUMENT', `--set ${key}=… must be ${article} ${type}.`, { cause });
}
