import {
  apiTime,
  type Incident,
  INCIDENT_FIELDS,
  type IncidentField,
  readApiTime,
  stateOf,
} from '@drover-plugins/palo-alto-saas-security-client';
import type { AttributeValue, FeedObject } from '@drover/plugin-sdk';
import { type ClassifierRule, incidentTypeOf } from './incident-type.js';
import { joinedText, storableText } from './storable-text.js';

export interface Naming {
  classifier: readonly ClassifierRule[];
  incidentType: string;
  /** Stands for the tenant of an incident that names none. */
  host: string;
}

/** An incident as an object: its value is unique over tenants, its attributes have the names of the API. */
export function toObject(told: Incident, naming: Naming): FeedObject {
  const state = stateOf(told);
  const incident: Incident = state === undefined ? told : { ...told, state };
  const tenant = typeof incident['tenant'] === 'string' ? incident['tenant'].trim() : '';
  const changedMs = readApiTime(incident['updated_at']);
  const fields = Object.keys(INCIDENT_FIELDS) as IncidentField[];
  return {
    type: 'incident',
    value: `${tenant === '' ? naming.host : tenant}/${incident.incident_id}`,
    attributes: [
      ...fields.flatMap((name) => {
        const value = valueOf(incident[name], INCIDENT_FIELDS[name]);
        return value === undefined ? [] : [{ name, value }];
      }),
      { name: 'incident_type', value: incidentTypeOf(incident, naming) },
    ],
    ...(state === undefined ? {} : { status: state.slice(0, 128) }),
    ...(changedMs === undefined ? {} : { changedAt: apiTime(changedMs) }),
  };
}

/** `undefined` for what the vendor does not tell. What it says is empty becomes an empty text, so that an old value goes. */
function valueOf(value: unknown, kind: (typeof INCIDENT_FIELDS)[IncidentField]): AttributeValue | undefined {
  if (value === undefined) return undefined;
  if (kind === 'number') return toNumber(value);
  if (value === null) return '';
  if (kind === 'list') return joinedText(Array.isArray(value) ? (value as unknown[]) : [value]);
  const ms = kind === 'date' ? readApiTime(value) : undefined;
  if (ms !== undefined) return apiTime(ms);
  return storableText(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

function toNumber(value: unknown): number | undefined {
  const isTold = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
  const number = isTold ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}
