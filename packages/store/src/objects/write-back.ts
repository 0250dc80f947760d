import type { AttributeValue, EmitMode } from '@drover/model';
import type { Transaction } from 'kysely';
import { storableText } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import { toStoredValue } from './attribute-rules.js';
import { type HistoryEntry, applyOffers, insertHistory } from './attribute-store.js';
import { type LockedObject, bumpRevisions, lockObjects, setStatuses } from './object-rows.js';

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
  /** Attribute values that are in force now and were not before. */
  attributesWritten: number;
}

/**
 * Writes what outcomes set on their objects, for about 1,000 rows at a time: attributes by their mode; a status when it
 * was said later than the one in force, whoever said that. What loses stays in the history. An object's revision counts
 * up by one per call in which it changed. Objects that are gone are left out.
 */
export async function applyWriteBacks(
  trx: Trx,
  traits: DialectTraits,
  { attributes, statuses }: WriteBacks,
): Promise<WriteBackReport> {
  const seqs = [...attributes, ...statuses].map(({ objectSeq }) => objectSeq);
  const objects = await lockObjects(trx, traits, seqs);
  const offers = attributes
    .filter(({ objectSeq }) => objects.has(objectSeq))
    .map(({ objectSeq, source, name, value, mode, at, runId }) => ({
      group: { objectSeq, name: storableText(name), source: storableText(source) },
      offer: { mode, ...toStoredValue(value, { at, runId }) },
    }));
  const { changedSeqs, applied } = await applyOffers(trx, traits, { offers });
  for (const seq of await applyStatuses(trx, traits, { objects, statuses })) changedSeqs.add(seq);
  await bumpRevisions(trx, traits, { seqs: changedSeqs, at: Date.now() });
  return { objectsWritten: changedSeqs.size, attributesWritten: applied };
}

/** The objects whose status has changed. */
async function applyStatuses(
  trx: Trx,
  traits: DialectTraits,
  { objects, statuses }: { objects: Map<number, LockedObject>; statuses: readonly StatusWriteBack[] },
): Promise<Set<number>> {
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
  await setStatuses(trx, traits, rows);
  await insertHistory(trx, traits, history);
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
