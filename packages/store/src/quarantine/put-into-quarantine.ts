import type { ClaimedRun, PlacedObject, QuarantinedObject } from '@drover/engine';
import { newId } from '@drover/model';
import type { Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import { preparedQuery } from '../database/prepared-query.js';
import type { Tables } from '../database/tables.js';

const heldBetween = preparedQuery<
  { pluginId: string; digest: string; from: number; to: number },
  { object_seq: number; revision: number }
>((db, { pluginId, digest, from, to }) =>
  db
    .selectFrom('quarantine')
    .select(['object_seq', 'revision'])
    .where('plugin_id', '=', pluginId)
    .where('bundle_digest', '=', digest)
    .where('object_seq', '>=', from)
    .where('object_seq', '<=', to),
);

/** Those of the objects that are in quarantine for this bundle with the revision that they have now. */
export async function quarantinedAmong(
  { kysely }: Database,
  { pluginId, bundleDigest: digest }: Pick<ClaimedRun, 'pluginId' | 'bundleDigest'>,
  placed: readonly PlacedObject[],
): Promise<ReadonlySet<number>> {
  const revisions = new Map(placed.map(({ objectSeq, object }) => [objectSeq, object?.revision]));
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const seq of revisions.keys()) [from, to] = [Math.min(from, seq), Math.max(to, seq)];
  if (from > to) return new Set();
  const rows = await heldBetween(kysely, { pluginId, digest, from, to });
  return new Set(
    rows.filter((row) => revisions.get(row.object_seq) === row.revision).map((row) => row.object_seq),
  );
}

export async function quarantinedBy({ kysely }: Database, runId: string): Promise<number> {
  const { n } = await kysely
    .selectFrom('quarantine')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('run_id', '=', runId)
    .executeTakeFirstOrThrow();
  return n;
}

/** Puts objects into quarantine; what the plugin had there of them before gives way. */
export async function quarantine(
  trx: Transaction<Tables>,
  { id: runId, pluginId, bundleDigest }: ClaimedRun,
  objects: readonly QuarantinedObject[],
  now: number,
): Promise<void> {
  for (const { objectSeq, revision, version, fault, attempts, log } of objects) {
    const evidence = {
      id: newId('quarantined'),
      bundle_digest: bundleDigest,
      version,
      revision,
      run_id: runId,
      fault: JSON.stringify(fault),
      attempts,
      log: JSON.stringify(log),
      at: now,
    };
    await trx
      .insertInto('quarantine')
      .values({ plugin_id: pluginId, object_seq: objectSeq, ...evidence })
      .onConflict((conflict) => conflict.columns(['plugin_id', 'object_seq']).doUpdateSet(evidence))
      .execute();
  }
}
