import type { UpgradeSteps, VerifiedBundle } from '@drover/engine';
import { Fault, type PluginManifest } from '@drover/model';
import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.js';
import { insertPlugins, keepVersions, type PluginRow } from './plugin-rows.js';

type Trx = Transaction<Tables>;

/** The plugins of the bundle in the order of their action IDs, once it has taken the place of the one before. */
export async function upgradePlugins(
  trx: Trx,
  bundle: VerifiedBundle,
  { steps, at }: { steps: UpgradeSteps; at: number },
): Promise<PluginRow[]> {
  const installed = await trx
    .selectFrom('plugins')
    .selectAll()
    .where('bundle_digest', '=', steps.from)
    .orderBy('action_id')
    .execute();
  if (installed.length !== steps.defaults.size) throw changedMeanwhile();
  await keepVersions(trx, bundle, at);
  const manifests = new Map(bundle.plugins.map((manifest) => [manifest.id, manifest]));
  const rows: PluginRow[] = [];
  for (const row of installed) {
    rows.push(await replacePlugin(trx, row, { manifest: manifests.get(row.plugin_id), bundle, steps, at }));
    manifests.delete(row.plugin_id);
  }
  for (const [id, { before, after }] of steps.feeds) {
    const { numUpdatedRows } = await trx
      .updateTable('feeds')
      .set({ config: JSON.stringify(after) })
      .where('id', '=', id)
      .where('config', '=', JSON.stringify(before))
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw changedMeanwhile();
  }
  const added = [...manifests.values()];
  return [...rows, ...(await insertPlugins(trx, added, { digest: bundle.digest, installedAt: at }))];
}

async function replacePlugin(
  trx: Trx,
  row: PluginRow,
  {
    manifest,
    bundle,
    steps,
    at,
  }: { manifest: PluginManifest | undefined; bundle: VerifiedBundle; steps: UpgradeSteps; at: number },
): Promise<PluginRow> {
  const step = steps.defaults.get(row.plugin_id);
  if (manifest === undefined || step === undefined) throw changedMeanwhile();
  const after = {
    ...row,
    version: manifest.version,
    bundle_digest: bundle.digest,
    manifest: JSON.stringify(manifest),
    defaults: JSON.stringify(step.after),
    set_aside: JSON.stringify(step.setAside),
    installed_at: at,
  };
  const { numUpdatedRows } = await trx
    .updateTable('plugins')
    .set(after)
    .where('action_id', '=', row.action_id)
    // Configuring it waits for no upgrade.
    .where('defaults', '=', JSON.stringify(step.before))
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw changedMeanwhile();
  return after;
}

function changedMeanwhile(): Fault {
  return new Fault(
    'UPGRADE_REFUSED',
    'What is installed, or its configuration, was changed while the upgrade was looked at; nothing was changed. Upgrade again.',
  );
}
