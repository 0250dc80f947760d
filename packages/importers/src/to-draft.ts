import {
  findObjectType,
  MAX_VALUE_BYTES,
  normalizeKey,
  type AttributeValue,
  type FaultCode,
  type ObjectDraft,
} from '@drover/model';
import { refuseRow, type OfferedRow, type RefusedRow } from './rows.js';

/** Bytes in UTF-8 of an attribute that is a text. As values, attributes are keys in the databases' indexes. */
export const MAX_ATTRIBUTE_BYTES = MAX_VALUE_BYTES;
const MAX_ATTRIBUTES = 100;
const MAX_ALIASES = 50;
/** Characters of an attribute's name, and of a status. */
const MAX_NAME_LENGTH = 128;

/** A row with its draft, ready for the library. */
export interface DraftRow {
  kind: 'draft';
  line: number;
  draft: ObjectDraft;
}

/** What the file does not say of its rows. */
export interface RowDefaults {
  type?: string;
  subtype?: string;
}

/**
 * A row as an object: names of type and subtype resolved, value and aliases normalised, attributes within their bounds.
 * The defaults stand in for a row that says neither type nor subtype, or for the subtype alone when it says no other type.
 */
export function toDraft(row: OfferedRow, defaults: RowDefaults): DraftRow | RefusedRow {
  const refuse = (code: FaultCode, reason: string): RefusedRow =>
    refuseRow(row.line, row.value, code, reason);
  const normalized = normalizeKey({ ...kindOf(row, defaults), value: row.value });
  if (!normalized.ok) return refuse(normalized.code, normalized.reason);

  const draft: ObjectDraft = { ...normalized.key };
  const aliases = new Set<string>();
  for (const text of row.aliases ?? []) {
    const alias = normalizeKey({ ...normalized.key, value: text });
    if (!alias.ok) return refuse(alias.code, `Alias "${text.slice(0, 60)}": ${alias.reason}`);
    if (alias.key.value !== draft.value) aliases.add(alias.key.value);
  }
  if (aliases.size > MAX_ALIASES)
    return refuse('ROW_MALFORMED', `An object has at most ${MAX_ALIASES} aliases.`);
  const problem = attributeProblem(row.attributes ?? []);
  if (problem !== undefined) return refuse('ATTRIBUTE_INVALID', problem);
  if (row.status !== undefined && !isName(row.status)) {
    return refuse(
      'ROW_MALFORMED',
      `A status has 1 to ${MAX_NAME_LENGTH} characters, none of them a control character.`,
    );
  }

  if (aliases.size > 0) draft.aliases = [...aliases];
  if (row.attributes !== undefined && row.attributes.length > 0) draft.attributes = row.attributes;
  if (row.status !== undefined) draft.status = row.status;
  return { kind: 'draft', line: row.line, draft };
}

function kindOf(row: OfferedRow, defaults: RowDefaults): RowDefaults {
  if (row.type === undefined && row.subtype === undefined) return defaults;
  if (row.type === undefined) return { type: defaults.type, subtype: row.subtype };
  const isDefaultType = findObjectType(row.type) === defaults.type;
  return { type: row.type, subtype: row.subtype ?? (isDefaultType ? defaults.subtype : undefined) };
}

function attributeProblem(
  attributes: readonly { name: string; value: AttributeValue }[],
): string | undefined {
  if (attributes.length > MAX_ATTRIBUTES) return `An object has at most ${MAX_ATTRIBUTES} attributes.`;
  for (const { name, value } of attributes) {
    if (!isName(name)) {
      return `The name of an attribute has 1 to ${MAX_NAME_LENGTH} characters, none of them a control character.`;
    }
    if (typeof value === 'number' && !Number.isFinite(value))
      return `The attribute "${name}" is no finite number.`;
    if (typeof value === 'string' && !isStorable(value)) {
      return `The attribute "${name}" has a NUL, broken Unicode or more than ${MAX_ATTRIBUTE_BYTES} bytes.`;
    }
  }
  return undefined;
}

function isName(text: string): boolean {
  return text !== '' && text.length <= MAX_NAME_LENGTH && text.isWellFormed() && !/\p{Cc}/u.test(text);
}

function isStorable(text: string): boolean {
  return Buffer.byteLength(text) <= MAX_ATTRIBUTE_BYTES && text.isWellFormed() && !text.includes('\0');
}
