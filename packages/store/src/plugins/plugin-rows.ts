import type { VerifiedBundle } from '@drover/engine';
import type { PluginManifest } from '@drover/model';
import type { Selectable, Transaction } from 'kysely';
import type { Tables } from '../database/tables.js';

type Trx = Transaction<Tables>;

export type PluginRow = Selectable<Tables['plugins']>;

/** The counter of action IDs: only ever counts up, so that an ID of a removed plugin does not come back. */
export const ACTION_ID_COUNTER = 'action_id';

/** Puts plugins in force that are not yet, with the next action IDs in this order. */
export async function insertPlugins(
  trx: Trx,
  manifests: readonly PluginManifest[],
  { digest, installedAt }: { digest: string; installedAt: number },
): Promise<PluginRow[]> {
  if (manifests.length === 0) return [];
  const first = await takeActionIds(trx, manifests.length);
  const rows = manifests.map((manifest, at) => ({
    action_id: first + at,
    plugin_id: manifest.id,
    version: manifest.version,
    bundle_digest: digest,
    manifest: JSON.stringify(manifest),
    defaults: '{}',
    set_aside: '{}',
    installed_at: installedAt,
  }));
  await trx.insertInto('plugins').values(rows).execute();
  return rows;
}

/** Keeps a bundle's zip and what its plugins are, for all that will begin with it. */
export async function keepVersions(trx: Trx, bundle: VerifiedBundle, installedAt: number): Promise<void> {
  await trx
    .insertInto('bundles')
    .values({
      digest: bundle.digest,
      name: bundle.bundle.name,
      version: bundle.bundle.version,
      manifest: JSON.stringify(bundle.bundle),
      zip: bundle.zip,
      installed_at: installedAt,
    })
    // One that was in force before is still there, for what began with it.
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .execute();
  const versions = bundle.plugins.map((manifest) => ({
    plugin_id: manifest.id,
    bundle_digest: bundle.digest,
    version: manifest.version,
    manifest: JSON.stringify(manifest),
    installed_at: installedAt,
  }));
  await trx
    .insertInto('plugin_versions')
    .values(versions)
    .onConflict((conflict) =>
      conflict.columns(['plugin_id', 'bundle_digest']).doUpdateSet({ installed_at: installedAt }),
    )
    .execute();
}

/** The first of `count` action IDs in a row that nobody ever had. */
async function takeActionIds(trx: Trx, count: number): Promise<number> {
  const { value } = await trx
    .updateTable('counters')
    .set((eb) => ({ value: eb('value', '+', count) }))
    .where('name', '=', ACTION_ID_COUNTER)
    .returning('value')
    .executeTakeFirstOrThrow();
  return value - count + 1;
}
