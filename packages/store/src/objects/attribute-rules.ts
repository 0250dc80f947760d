import type { AttributeValue, EmitMode } from '@drover/model';
import { storableText } from '../database/database.js';
import { valueKey } from './value-key.js';

export type AttributeKind = 'string' | 'number' | 'boolean';

/** A value in force, or one that is offered. */
export interface StoredValue {
  kind: AttributeKind;
  /** The value's canonical text: numbers as JavaScript prints them, `true`, `false`. */
  text: string;
  /** `valueKey(text)`. Kind and key identify a value. */
  key: string;
  number: number | null;
  /** When it was said, milliseconds since 1970. */
  at: number;
  runId: string | null;
}

export interface Offer {
  mode: EmitMode;
  said: StoredValue;
}

export function toStoredValue(
  value: AttributeValue,
  said: { at: number; runId?: string | undefined },
): StoredValue {
  const text = typeof value === 'string' ? storableText(value) : String(value);
  return {
    kind: typeof value as AttributeKind,
    text,
    key: valueKey(text),
    number: typeof value === 'string' ? null : Number(value),
    at: said.at,
    runId: said.runId ?? null,
  };
}

export function fromStoredValue(stored: { kind: string; text_value: string }): AttributeValue {
  if (stored.kind === 'number') return Number(stored.text_value);
  if (stored.kind === 'boolean') return stored.text_value === 'true';
  return stored.text_value;
}

export interface Meeting {
  values: readonly StoredValue[];
  /** `repeated`: the value was in force already, at most its time moved. */
  result: 'applied' | 'lost' | 'repeated';
}

/**
 * What is in force for one (object, name, source) after an offer. `replace` goes by the time at which the value was
 * said, so that the order of arrival does not matter; `max` goes by the number; `add` keeps what is there.
 */
export function meet(values: readonly StoredValue[], { mode, said }: Offer): Meeting {
  switch (mode) {
    case 'add':
      return meetAdd(values, said);
    case 'replace':
      return meetReplace(values, said);
    case 'max':
      return meetMax(values, said);
  }
}

function meetAdd(values: readonly StoredValue[], said: StoredValue): Meeting {
  const same = values.find((value) => isSame(value, said));
  if (same === undefined) return { values: [...values, said], result: 'applied' };
  return { values: keepEarlier(values, same, said), result: 'repeated' };
}

function meetReplace(values: readonly StoredValue[], said: StoredValue): Meeting {
  const latest = values.reduce<StoredValue | undefined>(
    (best, value) => (best === undefined || compareSaid(value, best) > 0 ? value : best),
    undefined,
  );
  const repeats = values.length === 1 && isSame(values[0]!, said);
  if (latest !== undefined && compareSaid(said, latest) <= 0) {
    return { values, result: repeats ? 'repeated' : 'lost' };
  }
  return { values: [said], result: repeats ? 'repeated' : 'applied' };
}

function meetMax(values: readonly StoredValue[], said: StoredValue): Meeting {
  const same = values.find((value) => isSame(value, said));
  if (same !== undefined && values.length === 1) {
    return { values: keepEarlier(values, same, said), result: 'repeated' };
  }
  if (values.some((value) => compareSize(value, said) > 0)) return { values, result: 'lost' };
  return { values: [said], result: 'applied' };
}

function isSame(left: StoredValue, right: StoredValue): boolean {
  return left.kind === right.kind && left.key === right.key;
}

/** A repetition that was said before the value in force moves its time back: the first to say it counts. */
function keepEarlier(
  values: readonly StoredValue[],
  same: StoredValue,
  said: StoredValue,
): readonly StoredValue[] {
  if (compareSaid(said, same) >= 0) return values;
  return values.map((value) => (value === same ? said : value));
}

/** By time; at one time by value, then by run, so that any two different offers have an order. */
function compareSaid(left: StoredValue, right: StoredValue): number {
  return (
    left.at - right.at ||
    compareTexts(left.kind, right.kind) ||
    compareTexts(left.key, right.key) ||
    compareTexts(left.runId ?? '', right.runId ?? '')
  );
}

function compareSize(left: StoredValue, right: StoredValue): number {
  const leftNumber = left.number ?? -Infinity;
  const rightNumber = right.number ?? -Infinity;
  if (leftNumber !== rightNumber) return leftNumber - rightNumber;
  return compareTexts(left.kind, right.kind) || compareTexts(left.key, right.key);
}

function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
