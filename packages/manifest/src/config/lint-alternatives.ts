import { childPointer } from '../json/json-pointer.js';
import { isRecord, type JsonRecord, recordOf, textsOf } from '../json/json-shapes.js';
import { problem, type Problem } from '../json/problem.js';
import { discriminatorOf, type SchemaNode } from './schema-nodes.js';

/** `oneOf`: one discriminator for all branches. */
export function lintChoice({ value, pointer }: SchemaNode): Problem[] {
  if (!Array.isArray(value.oneOf) || discriminatorOf(value.oneOf.filter(isRecord)) !== undefined) return [];
  const message =
    'Nothing tells the branches apart: give each the same required text property with a different const.';
  return [problem('SCHEMA_CONTRADICTS', childPointer(pointer, 'oneOf'), message)];
}

/** `if`/`then`: about properties of the same object, and never true by absence. */
export function lintCondition({ value, pointer }: SchemaNode): Problem[] {
  return [...lintNames(value, pointer), ...lintPresence(value, pointer)];
}

function lintNames(value: JsonRecord, pointer: string): Problem[] {
  const known = recordOf(value.properties);
  return (['if', 'then'] as const).flatMap((keyword) => {
    const part = recordOf(value[keyword]);
    const place = childPointer(pointer, keyword);
    const named = [
      ...Object.keys(recordOf(part.properties)).map((name) => ({
        name,
        at: childPointer(`${place}/properties`, name),
      })),
      ...textsOf(part.required).map((name, index) => ({
        name,
        at: childPointer(`${place}/required`, index),
      })),
    ];
    return named
      .filter(({ name }) => !Object.hasOwn(known, name))
      .map(({ name, at }) =>
        problem(
          'SCHEMA_CONTRADICTS',
          at,
          `“${name}” is not a property of the same object: declare it there first.`,
        ),
      );
  });
}

function lintPresence(value: JsonRecord, pointer: string): Problem[] {
  const condition = recordOf(value.if);
  const required = textsOf(condition.required);
  return Object.keys(recordOf(condition.properties))
    .filter((name) => !required.includes(name))
    .map((name) => {
      const message = `The condition also holds when “${name}” is absent: add it to the required of the if.`;
      return problem('SCHEMA_CONTRADICTS', childPointer(`${pointer}/if/properties`, name), message);
    });
}
