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

export interface Offer extends StoredValue {
  mode: EmitMode;
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
export function meet(values: readonly StoredValue[], offer: Offer): Meeting {
  switch (offer.mode) {
    case 'add':
      return meetAdd(values, offer);
    case 'replace':
      return meetReplace(values, offer);
    case 'max':
      return meetMax(values, offer);
  }
}

function meetAdd(values: readonly StoredValue[], offer: Offer): Meeting {
  const same = values.find((value) => isSame(value, offer));
  if (same === undefined) return { values: [...values, plain(offer)], result: 'applied' };
  return { values: keepEarlier(values, same, offer), result: 'repeated' };
}

function meetReplace(values: readonly StoredValue[], offer: Offer): Meeting {
  const latest = values.reduce<StoredValue | undefined>(
    (best, value) => (best === undefined || compareSaid(value, best) > 0 ? value : best),
    undefined,
  );
  const repeats = values.length === 1 && isSame(values[0]!, offer);
  if (latest !== undefined && compareSaid(offer, latest) <= 0) {
    return { values, result: repeats ? 'repeated' : 'lost' };
  }
  return { values: [plain(offer)], result: repeats ? 'repeated' : 'applied' };
}

function meetMax(values: readonly StoredValue[], offer: Offer): Meeting {
  const same = values.find((value) => isSame(value, offer));
  if (same !== undefined && values.length === 1) {
    return { values: keepEarlier(values, same, offer), result: 'repeated' };
  }
  if (values.some((value) => compareSize(value, offer) > 0)) return { values, result: 'lost' };
  return { values: [plain(offer)], result: 'applied' };
}

function isSame(left: StoredValue, right: StoredValue): boolean {
  return left.kind === right.kind && left.key === right.key;
}

/** A repetition that was said before the value in force moves its time back: the first to say it counts. */
function keepEarlier(
  values: readonly StoredValue[],
  same: StoredValue,
  offer: Offer,
): readonly StoredValue[] {
  if (compareSaid(offer, same) >= 0) return values;
  return values.map((value) => (value === same ? plain(offer) : value));
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

function plain({ kind, text, key, number, at, runId }: Offer): StoredValue {
  return { kind, text, key, number, at, runId };
}
