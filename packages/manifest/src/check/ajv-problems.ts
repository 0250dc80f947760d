import { type FaultCode, nearestName } from '@drover/model';
import type { ErrorObject } from 'ajv';
import { childPointer } from '../json/json-pointer.js';
import { recordOf, textOf } from '../json/json-shapes.js';
import { problem, type Problem } from '../json/problem.js';

/** Most problems told of one document. */
const MAX_PROBLEMS = 200;

/** What ajv found, as problems that say what to do. Needs ajv's `verbose` errors. */
export function problemsOf(errors: readonly ErrorObject[]): Problem[] {
  return errors.slice(0, MAX_PROBLEMS).flatMap((error) => {
    const translate = TRANSLATIONS[error.keyword];
    if (!translate) {
      return [problem('VALUE_NOT_ALLOWED', error.instancePath, `${subject(error)} ${error.message}.`)];
    }
    return translate(error) ?? [];
  });
}

type Translation = (error: ErrorObject) => Problem | undefined;

function malformed(error: ErrorObject): Problem {
  const { propertyName } = error;
  if (propertyName !== undefined) {
    const message = `The name ${quote(propertyName)} is not allowed here. ${guidance(error)}`;
    return problem('VALUE_MALFORMED', childPointer(error.instancePath, propertyName), message.trim());
  }
  return problem(
    'VALUE_MALFORMED',
    error.instancePath,
    `${subject(error)} has another form. ${guidance(error)}`.trim(),
  );
}

function bound(tell: (limit: number) => string): Translation {
  return (error) => {
    if (error.propertyName !== undefined) return malformed(error);
    const limit = Number(recordOf(error.params).limit);
    return problem('VALUE_OUT_OF_BOUNDS', error.instancePath, `${subject(error)} must ${tell(limit)}.`);
  };
}

const TRANSLATIONS: Record<string, Translation> = {
  // Said by the errors inside them.
  if: () => undefined,
  propertyNames: () => undefined,

  additionalProperties(error) {
    const key = String(recordOf(error.params).additionalProperty);
    const known = Object.keys(recordOf(recordOf(error.parentSchema).properties));
    const path = childPointer(error.instancePath, key);
    return problem('PROPERTY_UNKNOWN', path, `${quote(key)} is not known here. ${suggestion(key, known)}`);
  },
  required: (error) => missing(error, recordOf(error.params).missingProperty),
  dependentRequired: (error) => missing(error, recordOf(error.params).missingProperty),

  type(error) {
    const wanted = [error.schema].flat().join(' or ');
    return problem('VALUE_WRONG_TYPE', error.instancePath, `${subject(error)} must be of type ${wanted}.`);
  },
  enum: (error) => notAllowed(error, recordOf(error.params).allowedValues),
  const: (error) => notAllowed(error, [recordOf(error.params).allowedValue]),
  discriminator(error) {
    const tag = String(recordOf(error.params).tag);
    const path = childPointer(error.instancePath, tag);
    const value = recordOf(error.data)[tag];
    if (value === undefined) return problem('PROPERTY_MISSING', path, `${quote(tag)} is missing: add it.`);
    return problem('VALUE_NOT_ALLOWED', path, choice(value, taggedValues(error, tag)));
  },
  not(error) {
    if (error.propertyName !== undefined) return malformed(error);
    const { description } = recordOf(error.parentSchema);
    const code = textOf(recordOf(error.parentSchema)['x-fault']) as FaultCode | undefined;
    const excluded = recordOf(error.schema).enum;
    const told = Array.isArray(excluded)
      ? `Anything but ${excluded.join(', ')}.`
      : (description ?? 'Remove it.');
    return problem(code ?? 'VALUE_NOT_ALLOWED', error.instancePath, `Not allowed here. ${told}`);
  },
  uniqueItems(error) {
    const { i, j } = recordOf(error.params);
    const message = `${subject(error)} has the same item twice: remove one.`;
    return problem(
      'VALUE_DOUBLED',
      childPointer(error.instancePath, Math.max(Number(i), Number(j))),
      message,
    );
  },
  pattern: malformed,
  format: malformed,
  minLength: bound((limit) => (limit === 1 ? 'not be empty' : `have at least ${limit} characters`)),
  maxLength: bound((limit) => `have at most ${limit} characters`),
  minimum: bound((limit) => `be at least ${limit}`),
  maximum: bound((limit) => `be at most ${limit}`),
  exclusiveMinimum: bound((limit) => `be above ${limit}`),
  exclusiveMaximum: bound((limit) => `be below ${limit}`),
  multipleOf: (error) => {
    const step = Number(recordOf(error.params).multipleOf);
    const message = `${subject(error)} must be a multiple of ${step}.`;
    return problem('VALUE_OUT_OF_BOUNDS', error.instancePath, message);
  },
  minItems: bound((limit) => `have at least ${count(limit, 'item')}`),
  maxItems: bound((limit) => `have at most ${count(limit, 'item')}`),
  minProperties: bound((limit) => `have at least ${count(limit, 'key')}`),
  maxProperties: bound((limit) => `have at most ${count(limit, 'key')}`),
};

function missing(error: ErrorObject, key: unknown): Problem {
  const name = String(key);
  const { description } = recordOf(recordOf(recordOf(error.parentSchema).properties)[name]);
  const what = typeof description === 'string' ? ` ${description}` : '';
  return problem(
    'PROPERTY_MISSING',
    childPointer(error.instancePath, name),
    `${quote(name)} is missing: add it.${what}`,
  );
}

function notAllowed(error: ErrorObject, allowed: unknown): Problem {
  const values = Array.isArray(allowed) ? allowed : [];
  if (error.propertyName !== undefined) return malformed(error);
  const reason = textOf(recordOf(error.params).reason);
  const told = choice(error.data, values);
  return problem('VALUE_NOT_ALLOWED', error.instancePath, reason === undefined ? told : `${told} ${reason}`);
}

function choice(value: unknown, allowed: readonly unknown[]): string {
  const texts = allowed.map(String);
  const near = typeof value === 'string' ? nearestName(value, texts) : undefined;
  const shown = typeof value === 'object' ? 'This' : quote(String(value));
  const told = near === undefined ? list(texts) : `did you mean ${quote(near)}?`;
  return `${shown} is not allowed here: ${told}`;
}

function list(texts: readonly string[]): string {
  const shown = texts.slice(0, 12).map(quote).join(', ');
  return `use ${texts.length > 12 ? `one of ${texts.length} values such as ${shown}` : shown}.`;
}

/** The values of the discriminator that the branches know. */
function taggedValues(error: ErrorObject, tag: string): unknown[] {
  const branches: unknown = recordOf(error.parentSchema).oneOf;
  if (!Array.isArray(branches)) return [];
  return branches.flatMap((branch: unknown) => {
    const reference = textOf(recordOf(branch).$ref);
    if (reference !== undefined) return [reference.slice(reference.lastIndexOf('/') + 1)];
    const property = recordOf(recordOf(recordOf(branch).properties)[tag]);
    return property.const === undefined ? [property.enum].flat() : [property.const];
  });
}

function suggestion(key: string, known: readonly string[]): string {
  if (key === '$ref') return 'References are not part of the subset: write the schema out.';
  const near = nearestName(key, known);
  if (near !== undefined) return `Did you mean ${quote(near)}?`;
  return known.length === 0 ? 'Remove it.' : `Remove it; known are ${known.map(quote).join(', ')}.`;
}

function subject(error: ErrorObject): string {
  const title = textOf(recordOf(error.parentSchema).title);
  return title === undefined ? 'The value' : quote(title);
}

function guidance(error: ErrorObject): string {
  const { description, examples, format, pattern } = recordOf(error.parentSchema);
  const parts: string[] = [];
  if (typeof description === 'string') parts.push(description);
  if (Array.isArray(examples))
    parts.push(`For example ${examples.map((each) => quote(String(each))).join(', ')}.`);
  else if (typeof format === 'string') parts.push(`It must be a ${format}.`);
  else if (typeof pattern === 'string') parts.push(`It must match ${pattern}.`);
  return parts.join(' ');
}

function count(limit: number, noun: string): string {
  return `${limit} ${noun}${limit === 1 ? '' : 's'}`;
}

/** In quotes and shortened: the text may come from a stranger's file. */
function quote(text: string): string {
  const flat = text.replace(/\p{C}+/gu, ' ');
  return `“${flat.length > 80 ? `${flat.slice(0, 80)}…` : flat}”`;
}
