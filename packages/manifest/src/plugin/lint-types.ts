import { findObjectType, findSubtype, subtypesOf, suggestObjectType, suggestSubtype } from '@drover/model';
import { childPointer } from '../json/json-pointer.js';
import { type JsonRecord, type Placed, placedRecords, placedTexts, textOf } from '../json/json-shapes.js';
import { problem, type Problem } from '../json/problem.js';

/** Object types are those of the registry, attributes are named once, and their mode goes with their type. */
export function lintTypes(manifest: JsonRecord): Problem[] {
  return [
    ...lintObjectTypes(manifest.accepts, '/accepts'),
    ...lintObjectTypes(manifest.produces, '/produces'),
    ...lintEmits(manifest),
  ];
}

function lintObjectTypes(list: unknown, pointer: string): Problem[] {
  const seen = new Set<string>();
  return placedRecords(list, pointer).flatMap((entry) => {
    const text = textOf(entry.value.type);
    if (text === undefined) return [];
    const path = childPointer(entry.pointer, 'type');
    const type = findObjectType(text);
    if (type === undefined) {
      const told = `There is no object type “${text}”${meant(suggestObjectType(text))}`;
      return [problem('TYPE_UNKNOWN', path, told)];
    }
    const doubled = seen.has(type)
      ? [problem('VALUE_DOUBLED', path, `The type “${type}” is there already: put its subtypes together.`)]
      : [];
    seen.add(type);
    return [...doubled, ...lintSubtypes(type, entry)];
  });
}

function lintSubtypes(type: string, entry: Placed<JsonRecord>): Problem[] {
  if (entry.value.subtypes !== undefined && subtypesOf(type).length === 0) {
    const message = `The type “${type}” has no subtypes: leave them out.`;
    return [problem('SUBTYPE_NOT_ALLOWED', childPointer(entry.pointer, 'subtypes'), message)];
  }
  const seen = new Set<string>();
  return placedTexts(entry.value.subtypes, childPointer(entry.pointer, 'subtypes')).flatMap(
    ({ value, pointer }) => {
      const subtype = findSubtype(type, value);
      if (subtype === undefined) {
        const told = `The type “${type}” has no subtype “${value}”${meant(suggestSubtype(type, value))}`;
        return [problem('SUBTYPE_UNKNOWN', pointer, told)];
      }
      if (seen.has(subtype)) {
        return [
          problem(
            'VALUE_DOUBLED',
            pointer,
            `“${value}” is “${subtype}”, which is there already: remove one.`,
          ),
        ];
      }
      seen.add(subtype);
      return [];
    },
  );
}

function meant(near: string | undefined): string {
  return near === undefined ? ': use one of the registry.' : `; did you mean “${near}”?`;
}

function lintEmits(manifest: JsonRecord): Problem[] {
  const seen = new Set<unknown>();
  return placedRecords(manifest.emits, '/emits').flatMap(({ value, pointer }) => {
    const problems: Problem[] = [];
    if (typeof value.name === 'string' && seen.has(value.name)) {
      const message = `The attribute “${value.name}” is there already: remove one.`;
      problems.push(problem('VALUE_DOUBLED', childPointer(pointer, 'name'), message));
    }
    seen.add(value.name);
    if (value.mode === 'max' && value.type !== 'number') {
      const message = 'Only numbers have a largest one: say “replace” or “add”, or make the type “number”.';
      problems.push(problem('VALUE_NOT_ALLOWED', childPointer(pointer, 'mode'), message));
    }
    return problems;
  });
}
