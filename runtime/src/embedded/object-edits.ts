import type { ObjectChanges, ObjectEdit, ObjectLibrary } from '@drover/engine';
import {
  type AttributeValue,
  type DroverObject,
  Fault,
  findObjectType,
  findSubtype,
  isId,
  MAX_VALUE_BYTES,
  normalizeKey,
  subtypesOf,
} from '@drover/model';
import { existing } from './not-found.js';

/** Characters of an attribute's name, a status and a source. */
const MAX_NAME_LENGTH = 128;
const DEFAULT_SOURCE = 'manual';

/** An object by its id, by `type/value`, or by `type/subtype/value`; an alias counts as a value. */
export async function findObject(objects: ObjectLibrary, ref: string): Promise<DroverObject> {
  if (isId('object', ref)) return existing(await objects.get(ref), { noun: 'object', ref });
  const found = await findByValue(objects, ref);
  const [only, other] = found;
  if (other === undefined) return existing(only, { noun: 'object', ref });
  const choices = found.slice(0, 10).map(({ id, subtype }) => `${id} (${subtype})`);
  throw new Fault(
    'INVALID_ARGUMENT',
    `Several objects are "${ref}": ${choices.join(', ')}; name one by its id.`,
  );
}

async function findByValue(objects: ObjectLibrary, ref: string): Promise<DroverObject[]> {
  const [typeName = '', ...rest] = ref.split('/');
  const type = findObjectType(typeName);
  if (type === undefined || rest.length === 0) return [];
  const subtype = rest.length > 1 ? findSubtype(type, rest[0]!) : undefined;
  if (subtype !== undefined) {
    const values = spellings(rest.slice(1).join('/'), { type, subtypes: [subtype] });
    const found = await objects.find({ type, values });
    return found.filter((object) => object.subtype === subtype);
  }
  return objects.find({ type, values: spellings(rest.join('/'), { type, subtypes: subtypesOf(type) }) });
}

/** The text as it is, and as each subtype would normalise it. */
function spellings(
  text: string,
  { type, subtypes }: { type: string; subtypes: readonly string[] },
): string[] {
  const kinds = subtypes.length === 0 ? [undefined] : subtypes;
  const normalized = kinds.map((subtype) => normalizeKey({ type, subtype, value: text }));
  return [...new Set([text, ...normalized.flatMap((one) => (one.ok ? [one.key.value] : []))])];
}

/** The changes as an edit, checked. Faults: `INVALID_ARGUMENT`, those of normalising an alias. */
export function editOf({ type, subtype }: DroverObject, changes: ObjectChanges): ObjectEdit {
  const { status, attributes = {}, removeAttributes = [], aliases = [], source = DEFAULT_SOURCE } = changes;
  checkName('a source', source);
  if (status !== undefined) checkName('a status', status);
  for (const name of [...Object.keys(attributes), ...removeAttributes]) {
    checkName('the name of an attribute', name);
  }
  for (const [name, value] of Object.entries(attributes)) checkValue(name, value);
  const both = removeAttributes.find((name) => Object.hasOwn(attributes, name));
  if (both !== undefined) throw invalid(`The attribute "${both}" cannot be both set and removed.`);
  return {
    source,
    at: new Date(),
    ...(status === undefined ? {} : { status }),
    attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
    removeAttributes,
    aliases: aliases.map((value) => {
      const alias = normalizeKey({ type, subtype, value });
      if (alias.ok) return alias.key.value;
      throw new Fault(alias.code, `The alias "${value.slice(0, 60)}" cannot be used: ${alias.reason}`);
    }),
  };
}

function checkName(what: string, text: string): void {
  const fits = text !== '' && text.length <= MAX_NAME_LENGTH && text.isWellFormed() && !/\p{Cc}/u.test(text);
  if (fits) return;
  throw invalid(`${what} has 1 to ${MAX_NAME_LENGTH} characters, none of them a control character.`);
}

function checkValue(name: string, value: AttributeValue): void {
  if (typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  const fits = typeof value === 'string' && Buffer.byteLength(value) <= MAX_VALUE_BYTES;
  if (fits && value.isWellFormed() && !value.includes('\0')) return;
  throw invalid(
    `The attribute "${name}" needs a text of at most ${MAX_VALUE_BYTES} bytes, a finite number, or true or false.`,
  );
}

function invalid(sentence: string): Fault {
  return new Fault('INVALID_ARGUMENT', sentence.charAt(0).toUpperCase() + sentence.slice(1));
}
