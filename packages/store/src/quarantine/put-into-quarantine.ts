import type { ClaimedRun, QuarantinedObject } from '@drover/engine';
import { newId } from '@drover/model';
import type { Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';

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
