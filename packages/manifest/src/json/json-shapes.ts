import { childPointer } from './json-pointer.js';

export type JsonRecord = Record<string, unknown>;

export function isRecord(thing: unknown): thing is JsonRecord {
  return typeof thing === 'object' && thing !== null && !Array.isArray(thing);
}

/** The thing as a record; an empty one when it is something else. For rules that leave wrong types to the schema. */
export function recordOf(thing: unknown): JsonRecord {
  return isRecord(thing) ? thing : {};
}

export function textOf(thing: unknown): string | undefined {
  return typeof thing === 'string' ? thing : undefined;
}

export function textsOf(thing: unknown): string[] {
  return Array.isArray(thing) ? thing.filter((item) => typeof item === 'string') : [];
}

/** A member of a list or record with the pointer that leads to it. */
export interface Placed<Value> {
  value: Value;
  pointer: string;
}

/** The records of a list, each with its pointer; what is no record is left to the schema. */
export function placedRecords(list: unknown, pointer: string): Placed<JsonRecord>[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) =>
    isRecord(value) ? [{ value, pointer: childPointer(pointer, index) }] : [],
  );
}

/** The texts of a list, each with its pointer. */
export function placedTexts(list: unknown, pointer: string): Placed<string>[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) =>
    typeof value === 'string' ? [{ value, pointer: childPointer(pointer, index) }] : [],
  );
}
