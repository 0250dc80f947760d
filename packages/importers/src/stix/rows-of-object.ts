import type { AttributeValue, FaultCode } from '@drover/model';
import { MAX_ATTRIBUTE_BYTES } from '../to-draft.js';
import { refuseRow, type Row } from '../rows.js';
import { isObservable, valueOfComparison, valuesOfObservable, type StixValue } from './observables.js';
import { parsePattern } from './parse-pattern.js';

export type StixObject = Record<string, unknown>;

/** Properties of an indicator that become attributes of the same name. */
const INDICATOR_ATTRIBUTES = ['name', 'confidence', 'valid_from', 'valid_until', 'indicator_types', 'labels'];

/**
 * The rows that an object of a bundle offers: a value for each comparison of an indicator's pattern, the values of an
 * observable, else a refused row that says why there are none.
 */
export function rowsOfObject(object: StixObject, line: number): Row[] {
  const type = object['type'];
  if (typeof type !== 'string')
    return [refuseObject(object, line, 'ROW_MALFORMED', 'The object has no "type".')];
  if (type === 'indicator') return rowsOfIndicator(object, line);
  if (!isObservable(type)) {
    const reason = `Objects of type "${type.slice(0, 60)}" are not imported.`;
    return [refuseObject(object, line, 'STIX_OBJECT_UNSUPPORTED', reason)];
  }
  const values = valuesOfObservable(type, object);
  if (values.length > 0) return values.map((value) => offer(value, line, { stix_id: object['id'] }));
  const reason =
    type === 'file' ? 'The file has neither a name nor a hash of a known kind.' : `The ${type} has no value.`;
  return [refuseObject(object, line, 'STIX_OBJECT_UNSUPPORTED', reason)];
}

function rowsOfIndicator(object: StixObject, line: number): Row[] {
  const { pattern, pattern_type: language = 'stix', revoked } = object;
  if (typeof pattern !== 'string') {
    return [refuseObject(object, line, 'ROW_MALFORMED', 'The indicator has no "pattern".')];
  }
  if (revoked === true) {
    return [refuseRow(line, pattern, 'STIX_REVOKED', 'The author has revoked the indicator.')];
  }
  if (language !== 'stix') {
    const reason = `Patterns in the language "${String(language).slice(0, 60)}" are not imported.`;
    return [refuseRow(line, pattern, 'STIX_PATTERN_UNSUPPORTED', reason)];
  }
  const parsed = parsePattern(pattern);
  if (!parsed.ok) {
    const code = parsed.kind === 'invalid' ? 'STIX_PATTERN_INVALID' : 'STIX_PATTERN_UNSUPPORTED';
    return [refuseRow(line, pattern, code, parsed.reason)];
  }
  const found = Object.fromEntries(INDICATOR_ATTRIBUTES.map((name) => [name, object[name]]));
  return parsed.comparisons.map((comparison) => {
    const value = valueOfComparison(comparison);
    if (value !== undefined) return offer(value, line, { ...found, stix_id: object['id'] });
    const path = `${comparison.observable}:${comparison.path.join('.')}`.slice(0, 100);
    return refuseRow(line, pattern, 'STIX_PATTERN_UNSUPPORTED', `Values of ${path} are not imported.`);
  });
}

function offer({ type, subtype, value }: StixValue, line: number, properties: StixObject): Row {
  return { kind: 'offered', line, type, subtype, value, attributes: attributesOf(properties) };
}

/** Texts, numbers and truth values, one attribute for each member of a list; what is too long for one is left out. */
function attributesOf(properties: StixObject): { name: string; value: AttributeValue }[] {
  return Object.entries(properties).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).filter(isAttributeValue).map((one) => ({ name, value: one })),
  );
}

function isAttributeValue(value: unknown): value is AttributeValue {
  if (typeof value === 'string') return value !== '' && Buffer.byteLength(value) <= MAX_ATTRIBUTE_BYTES;
  return typeof value === 'number' || typeof value === 'boolean';
}

function refuseObject(object: StixObject, line: number, code: FaultCode, reason: string): Row {
  const name = object['id'] ?? object['type'];
  return refuseRow(line, typeof name === 'string' ? name : '', code, reason);
}
