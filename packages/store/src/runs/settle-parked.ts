import type { Settlement } from '@drover/engine';
import type { Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { fingerprintsOf } from './fingerprint.js';
import { nextPollAt, onlyWaits, putIn, rowsOfTask, takeOut } from './pending-objects.js';
import { iso } from './rows.js';
import { insertEvent } from './task-end.js';

type Trx = Transaction<Tables>;

export interface Parking {
  /** By how many the run's parked objects have become more. */
  added: number;
  /** Fingerprints, by object, of what a step's parked objects held when they were sent. */
  sentWith: ReadonlyMap<number, string>;
}

/** Takes out what a poll was given, and parks what a settlement parks, for the first time or again. */
export async function settleParked(
  trx: Trx,
  database: Database,
  { task, parked = [], reads }: Settlement,
  /** Fingerprints of those that were changed since they were sent. */
  moved: ReadonlyMap<number, string>,
): Promise<Parking> {
  const isPoll = task.kind === 'poll';
  if (!isPoll && parked.length === 0) return { added: 0, sentWith: new Map() };
  const sentWith = new Map<number, string>();
  for (const row of isPoll ? await rowsOfTask(trx, task) : []) {
    if (row.fingerprint !== null) sentWith.set(row.object_seq, row.fingerprint);
  }
  const takenOut = isPoll ? await takeOut(trx, task) : 0;
  if (!isPoll && task.run.stepKey !== undefined) {
    const seqs = parked.map(({ objectSeq }) => objectSeq);
    const now = await fingerprintsOf(trx, database.traits, seqs, reads);
    for (const [seq, fingerprint] of now) sentWith.set(seq, moved.get(seq) ?? fingerprint);
  }
  await putIn(trx, database, { task, parked, fingerprints: sentWith });
  return { added: parked.length - takenOut, sentWith };
}

/** A run that can do nothing before its next poll says so. */
export async function waitForPoll(
  trx: Trx,
  runId: string,
  { pending, now }: { pending: number; now: number },
): Promise<void> {
  const due = await nextPollAt(trx, { runId });
  if (due === undefined || due <= now || !(await onlyWaits(trx, runId))) return;
  await trx.updateTable('runs').set({ status: 'waiting' }).where('id', '=', runId).execute();
  await insertEvent(trx, runId, 'waiting', { until: iso(due), pending }, now);
}
