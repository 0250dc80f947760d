import type { ObjectChanges } from '@drover/engine';
import { type AttributeValue, Fault } from '@drover/model';
import { splitAssignment } from './assignments.js';

export interface SetOptions {
  status?: string;
  attribute?: string[];
  attributeJson?: string[];
  removeAttribute?: string[];
  alias?: string[];
  source: string;
}

/** What `objects set` was told to change. Fault: `INVALID_ARGUMENT` when that is nothing, or no value. */
export function objectChanges(options: SetOptions): ObjectChanges {
  const { status, attribute = [], attributeJson = [], removeAttribute = [], alias = [], source } = options;
  const texts = attribute.map((text): [string, AttributeValue] => {
    const { key, value } = splitAssignment(text, { flag: '--attribute' });
    return [key, value];
  });
  const typed = attributeJson.map((text): [string, AttributeValue] => {
    const { key, value } = splitAssignment(text, { flag: '--attribute-json' });
    return [key, jsonValue(key, value)];
  });
  const named = [...texts, ...typed];
  const doubled = named.find(([name], index) => named.findIndex(([other]) => other === name) !== index);
  if (doubled !== undefined) {
    throw new Fault('INVALID_ARGUMENT', `The attribute "${doubled[0]}" is set twice; give it one value.`);
  }
  if (status === undefined && named.length + removeAttribute.length + alias.length === 0) {
    throw new Fault(
      'INVALID_ARGUMENT',
      'Say what to set: --status, --attribute, --attribute-json, --remove-attribute or --alias.',
    );
  }
  return {
    ...(status === undefined ? {} : { status }),
    attributes: Object.fromEntries(named),
    removeAttributes: removeAttribute,
    aliases: alias,
    source,
  };
}

function jsonValue(name: string, text: string): AttributeValue {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notPlain(name, error);
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw notPlain(name);
}

function notPlain(name: string, cause?: unknown): Fault {
  const message = `--attribute-json ${name}=… takes a number, true, false or a quoted text.`;
  return new Fault('INVALID_ARGUMENT', message, { cause });
}
