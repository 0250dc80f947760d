import type { AttributeValue, EmitMode } from '@drover/model';
import type { Transaction } from 'kysely';
import { storableText } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { type Answer, RoundTrip } from '../database/round-trip.js';
import type { Tables } from '../database/tables.js';
import { toStoredValue } from './attribute-rules.js';
import {
  type HistoryEntry,
  type ValueRow,
  askForHistory,
  askInForce,
  askToStore,
  meetOffers,
} from './attribute-store.js';
import { type LockedObject, askForRevisions, askForStatuses, askToLock, lockedBySeq } from './object-rows.js';

type Trx = Transaction<Tables>;

interface Said {
  objectSeq: number;
  /** Who says so: the vendor. */
  source: string;
  /** When the vendor answered, milliseconds since 1970. */
  at: number;
  runId: string;
}

export interface AttributeWriteBack extends Said {
  name: string;
  value: AttributeValue;
  mode: EmitMode;
}

export interface StatusWriteBack extends Said {
  status: string;
}

export interface WriteBacks {
  attributes: readonly AttributeWriteBack[];
  statuses: readonly StatusWriteBack[];
}

export interface WriteBackReport {
  /** Objects on which something changed. */
  objectsWritten: number;
  /** Which those are: their revision is one more than before. */
  changedSeqs: ReadonlySet<number>;
  /** Attribute values that are in force now and were not before. */
  attributesWritten: number;
}

/** What has to be known before something is written back. */
export interface WriteBackReads {
  objects: Answer<LockedObject>;
  inForce: Answer<ValueRow>;
}

/**
 * Writes what outcomes set on their objects, for about 1,000 rows at a time: attributes by their mode; a status when it
 * was said later than the one in force, whoever said that. What loses stays in the history. An object's revision counts
 * up by one per call in which it changed. Objects that are gone are left out.
 */
export async function applyWriteBacks(
  trx: Trx,
  traits: DialectTraits,
  writeBacks: WriteBacks,
): Promise<WriteBackReport> {
  const trip = new RoundTrip(trx);
  const reads = askForWriteBacks(trip, traits, writeBacks);
  await trip.make();
  const report = askToWriteBack(trip, traits, { ...writeBacks, reads });
  await trip.make();
  return report;
}

/** The first half of `applyWriteBacks`: locks the objects and asks what is in force. */
export function askForWriteBacks(
  trip: RoundTrip,
  traits: DialectTraits,
  { attributes, statuses }: WriteBacks,
): WriteBackReads {
  const seqs = [...attributes, ...statuses].map(({ objectSeq }) => objectSeq);
  const groups = attributes.map(({ objectSeq, name }) => ({ objectSeq, name: storableText(name) }));
  return { objects: askToLock(trip, traits, seqs), inForce: askInForce(trip, traits, groups) };
}

/** The second half of `applyWriteBacks`, which is done when the trip is made. */
export function askToWriteBack(
  trip: RoundTrip,
  traits: DialectTraits,
  { attributes, statuses, reads }: WriteBacks & { reads: WriteBackReads },
): WriteBackReport {
  const objects = lockedBySeq(reads.objects);
  const offers = attributes
    .filter(({ objectSeq }) => objects.has(objectSeq))
    .map(({ objectSeq, source, name, value, mode, at, runId }) => ({
      group: { objectSeq, name: storableText(name), source: storableText(source) },
      mode,
      said: toStoredValue(value, { at, runId }),
    }));
  const met = meetOffers(offers, reads.inForce.rows);
  const { changedSeqs, applied } = met;
  askToStore(trip, traits, met);
  for (const seq of applyStatuses(trip, traits, { objects, statuses })) changedSeqs.add(seq);
  askForRevisions(trip, traits, { seqs: changedSeqs, at: Date.now() });
  return { objectsWritten: changedSeqs.size, changedSeqs, attributesWritten: applied };
}

/** The objects whose status has changed. */
function applyStatuses(
  trip: RoundTrip,
  traits: DialectTraits,
  { objects, statuses }: { objects: Map<number, LockedObject>; statuses: readonly StatusWriteBack[] },
): Set<number> {
  const changed = new Set<number>();
  const moved = new Set<LockedObject>();
  const history: HistoryEntry[] = [];
  for (const write of statuses) {
    const object = objects.get(write.objectSeq);
    if (object === undefined) continue;
    const status = storableText(write.status);
    const wins = isLater({ status, at: write.at }, object);
    if (status !== object.status) history.push(statusHistory(write, { status, applied: wins }));
    if (!wins) continue;
    if (status !== object.status) changed.add(object.seq);
    object.status = status;
    object.status_at = write.at;
    moved.add(object);
  }
  const rows = Array.from(moved, ({ seq, status, status_at }) => ({ seq, status: status!, at: status_at! }));
  askForStatuses(trip, traits, rows);
  askForHistory(trip, traits, history);
  return changed;
}

function isLater(said: { status: string; at: number }, inForce: LockedObject): boolean {
  if (inForce.status === null || inForce.status_at === null) return true;
  return said.at > inForce.status_at || (said.at === inForce.status_at && said.status > inForce.status);
}

/** A status in the attribute history: an entry named `status` with the mode `status`. */
export function statusHistory(
  said: { objectSeq: number; source: string; at: number; runId?: string | undefined },
  { status, applied }: { status: string; applied: boolean },
): HistoryEntry {
  return {
    group: { objectSeq: said.objectSeq, name: 'status', source: storableText(said.source) },
    said: { kind: 'string', text: status, at: said.at, runId: said.runId ?? null },
    mode: 'status',
    applied,
  };
}
