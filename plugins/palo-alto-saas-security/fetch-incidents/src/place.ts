import { apiTime, type Incident, readApiTime } from '@drover-plugins/palo-alto-saas-security-client';
import { Fault, type JsonValue, type PullRequest } from '@drover/plugin-sdk';
import type { Config } from './config.js';
import { timeBefore } from './first-fetch.js';

/** Where the feed stands; kept as the checkpoint of each page. */
export interface Place {
  /** When the last incident of the page had changed, in milliseconds since 1970. */
  atMs: number;
  /** Incidents that were brought and had changed at that very moment: the next page begins with it again. */
  seen: readonly number[];
  /** Whether the vendor had nothing more. */
  isAtEnd: boolean;
}

const MINUTE_MS = 60_000;
/** The largest checkpoint is that of a full page and half of one, far below what is kept. */
const MAX_SEEN = 4_000;

/** Where a pull starts. */
export function placeOf({ checkpoint, startedAt }: PullRequest, config: Config): Place {
  if (checkpoint !== undefined) return readPlace(checkpoint);
  return { atMs: timeBefore(config.firstFetch, startedAt), seen: [], isAtEnd: false };
}

/** From when a pull asks: in the middle of the incidents, exactly where it stood; behind the last, a little before. */
export function startOf({ atMs, isAtEnd }: Place, { overlapMinutes }: Config): number {
  return isAtEnd ? Math.max(0, atMs - overlapMinutes * MINUTE_MS) : atMs;
}

/** When an incident last changed. Throws `VENDOR_ANSWER_INVALID` when it does not say. */
export function changedAt(incident: Incident): number {
  const ms = readApiTime(incident['updated_at']);
  if (ms !== undefined) return ms;
  throw new Fault(
    'VENDOR_ANSWER_INVALID',
    `Incident ${incident.incident_id} of SaaS Security does not say when it last changed, so that nobody could go on after it.`,
  );
}

/** Whether the page before has brought the incident as it is. */
export function isSeen(incident: Incident, { atMs, seen }: Place): boolean {
  return changedAt(incident) === atMs && seen.includes(incident.incident_id);
}

/** The place behind a page. */
export function placeAfter(
  place: Place,
  { incidents, isLast }: { incidents: readonly Incident[]; isLast: boolean },
): Place {
  if (incidents.length === 0) return { ...place, isAtEnd: isLast };
  const atMs = incidents.reduce((latest, incident) => Math.max(latest, changedAt(incident)), 0);
  const held = incidents.filter((incident) => changedAt(incident) === atMs).map((one) => one.incident_id);
  const seen = new Set(atMs === place.atMs ? [...place.seen, ...held] : held);
  return { atMs, seen: [...seen].slice(-MAX_SEEN), isAtEnd: isLast };
}

export function toCheckpoint({ atMs, seen, isAtEnd }: Place): JsonValue {
  return { updatedAt: apiTime(atMs), seen: [...seen], isAtEnd };
}

function readPlace(checkpoint: JsonValue): Place {
  const { updatedAt, seen, isAtEnd } = Object(checkpoint) as Record<string, unknown>;
  const atMs = readApiTime(updatedAt);
  if (atMs !== undefined && Array.isArray(seen) && seen.every(Number.isSafeInteger)) {
    return { atMs, seen: seen as number[], isAtEnd: isAtEnd === true };
  }
  throw new Fault(
    'CHECKPOINT_INVALID',
    'The checkpoint of the feed is not one that this version wrote; pull it with --restart.',
  );
}
