import { asRecord, type Saas, unreadable, wordsOf } from './saas.js';
import { type DeltaQuery, readNextPath } from './next-path.js';

// Calls: `readIncidents`, `readIncident`, `closeIncident`.

/** Categories that an incident can be closed with; others are only read. */
export const CLOSING_CATEGORIES = ['no_reason', 'business_justified', 'misidentified'] as const;
export type ClosingCategory = (typeof CLOSING_CATEGORIES)[number];

/** An incident as the API writes it. Only its id is always there; what else is told is kept as it is. */
export interface Incident extends Readonly<Record<string, unknown>> {
  readonly incident_id: number;
}

export interface IncidentPage {
  incidents: Incident[];
  /** How many a page holds at most, as the answer says it. */
  limit: number;
  /** Of the next page; absent when this one was not full. */
  next?: DeltaQuery;
}

/** The state of an incident after it was closed. */
export interface ClosedState {
  state: string;
  category: string;
  resolved_by?: string;
  resolution_date?: string;
}

export type CloseReply =
  { isClosed: true; state: ClosedState } | { isClosed: false; status: number; words: string };

/**
 * One page of incidents by when they last changed. A page that is not full is the last one, whatever `nextPath` says.
 * The last moment of a page is asked for again with the next.
 */
export async function readIncidents(saas: Saas, query: DeltaQuery): Promise<IncidentPage> {
  const { body } = await saas.call('readIncidents', { query });
  const { resources, nextPath, limit } = asRecord(body);
  if (!Array.isArray(resources) || !resources.every(isIncident)) return unreadable('a list of incidents');
  const size = typeof limit === 'number' ? limit : Number(query['limit']);
  const isFull = resources.length >= size && resources.length > 0;
  if (!isFull) return { incidents: resources, limit: size };
  if (typeof nextPath !== 'string') return unreadable('the path of the next page');
  return { incidents: resources, limit: size, next: readNextPath(nextPath) };
}

/** `undefined` when there is no such incident. */
export async function readIncident(saas: Saas, incidentId: string | number): Promise<Incident | undefined> {
  const reply = await saas.call('readIncident', { params: { incidentId } });
  if (reply.status === 404) return undefined;
  return isIncident(reply.body) ? reply.body : unreadable(`the incident ${incidentId}`);
}

/**
 * Closes an incident, or gives a closed one another category. There is no way back through the API. Repeating it changes
 * nothing more.
 */
export async function closeIncident(
  saas: Saas,
  incidentId: string | number,
  category: ClosingCategory,
): Promise<CloseReply> {
  const reply = await saas.call('closeIncident', {
    params: { incidentId },
    json: { state: 'closed', category },
  });
  if (reply.status >= 400) return { isClosed: false, status: reply.status, words: wordsOf(reply.body) };
  const { state, category: now, resolved_by: by, resolution_date: date } = asRecord(reply.body);
  if (typeof state !== 'string' || typeof now !== 'string') return unreadable('the state of an incident');
  return {
    isClosed: true,
    state: {
      state,
      category: now,
      ...(typeof by === 'string' ? { resolved_by: by } : {}),
      ...(typeof date === 'string' ? { resolution_date: date } : {}),
    },
  };
}

/** The code of a category as people write it: "Business Justified" is `business_justified`. `undefined` when it cannot be sent. */
export function closingCategoryOf(text: string): ClosingCategory | undefined {
  const code = text.trim().toLowerCase().replaceAll(' ', '_');
  return CLOSING_CATEGORIES.find((category) => category === code);
}

/** `open` or `closed`; incidents at times lack `state`, and their status begins with it. */
export function stateOf(incident: Incident): string | undefined {
  const { state, status } = incident;
  const text = typeof state === 'string' ? state : typeof status === 'string' ? status.split('-', 1)[0] : '';
  return text === '' ? undefined : text?.toLowerCase();
}

function isIncident(value: unknown): value is Incident {
  return Number.isSafeInteger(asRecord(value)['incident_id']);
}
