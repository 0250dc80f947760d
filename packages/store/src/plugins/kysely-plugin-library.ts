import type {
  InstalledPlugin,
  InstallReport,
  PluginLibrary,
  PluginVersion,
  UpgradeSteps,
  VerifiedBundle,
} from '@drover/engine';
import { Fault, type PluginManifest } from '@drover/model';
import type { Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { ACTION_ID_COUNTER, insertPlugins, keepVersions, type PluginRow } from './plugin-rows.js';
import { upgradePlugins } from './upgrade-plugins.js';

/** Largest value of the integer column. */
const MAX_ACTION_ID = 2 ** 31 - 1;

/** What is installed, in the database: zips by digest, plugins by action ID. */
export class KyselyPluginLibrary implements PluginLibrary {
  constructor(
    private readonly database: Database,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async install(bundle: VerifiedBundle): Promise<InstallReport> {
    return this.database.kysely.transaction().execute(async (transaction) => {
      await waitForOtherInstalls(transaction);
      const installed = await installedOf(transaction, bundle);
      if (installed.length > 0) return reportAlready(bundle, installed);
      const rows = await this.insert(transaction, bundle);
      return report(bundle, 'installed', rows);
    });
  }

  private async insert(transaction: Transaction<Tables>, bundle: VerifiedBundle): Promise<PluginRow[]> {
    const installedAt = this.now().getTime();
    await keepVersions(transaction, bundle, installedAt);
    return insertPlugins(transaction, bundle.plugins, { digest: bundle.digest, installedAt });
  }

  async upgrade(bundle: VerifiedBundle, steps: UpgradeSteps): Promise<InstallReport> {
    return this.database.kysely.transaction().execute(async (transaction) => {
      await waitForOtherInstalls(transaction);
      const rows = await upgradePlugins(transaction, bundle, { steps, at: this.now().getTime() });
      return report(bundle, 'upgraded', rows);
    });
  }

  async previous(bundle: string): Promise<string | undefined> {
    const row = await this.database.kysely
      .selectFrom('plugin_versions as version')
      .innerJoin('bundles', 'bundles.digest', 'version.bundle_digest')
      .select('version.bundle_digest as digest')
      .where('bundles.name', '=', bundle)
      .where('version.bundle_digest', 'not in', (eb) => eb.selectFrom('plugins').select('bundle_digest'))
      .orderBy('version.installed_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.digest;
  }

  async findVersion(pluginId: string, bundleDigest: string): Promise<PluginVersion | undefined> {
    const row = await this.database.kysely
      .selectFrom('plugin_versions')
      .select(['version', 'manifest'])
      .where('plugin_id', '=', pluginId)
      .where('bundle_digest', '=', bundleDigest)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return { pluginId, bundleDigest, version: row.version, manifest: JSON.parse(row.manifest) };
  }

  async list(): Promise<InstalledPlugin[]> {
    const rows = await this.database.kysely.selectFrom('plugins').selectAll().orderBy('action_id').execute();
    return rows.map(toInstalledPlugin);
  }

  async find(ref: string): Promise<InstalledPlugin | undefined> {
    const actionId = /^\d+$/.test(ref) ? Number(ref) : undefined;
    if (actionId !== undefined && actionId > MAX_ACTION_ID) return undefined;
    const query = this.database.kysely.selectFrom('plugins').selectAll();
    const row = await (
      actionId === undefined ? query.where('plugin_id', '=', ref) : query.where('action_id', '=', actionId)
    ).executeTakeFirst();
    return row === undefined ? undefined : toInstalledPlugin(row);
  }

  async readBundle(digest: string): Promise<Buffer | undefined> {
    const row = await this.database.kysely
      .selectFrom('bundles')
      .select('zip')
      .where('digest', '=', digest)
      .executeTakeFirst();
    return row && Buffer.from(row.zip.buffer, row.zip.byteOffset, row.zip.byteLength);
  }

  async setDefaults(pluginId: string, defaults: Record<string, unknown>): Promise<void> {
    const { numUpdatedRows } = await this.database.kysely
      .updateTable('plugins')
      .set({ defaults: JSON.stringify(defaults) })
      .where('plugin_id', '=', pluginId)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new Fault('NOT_FOUND', `No plugin ${pluginId} is installed.`);
  }
}

/** Takes the counter's row for this transaction, without a change: of two installs, one sees what the other did. */
async function waitForOtherInstalls(transaction: Transaction<Tables>): Promise<void> {
  await transaction
    .insertInto('counters')
    .values({ name: ACTION_ID_COUNTER, value: 0 })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((eb) => ({ value: eb.ref('counters.value') })),
    )
    .execute();
}

/** Installed plugins that this bundle, or an earlier version of it, brought or would bring. */
async function installedOf(transaction: Transaction<Tables>, bundle: VerifiedBundle): Promise<PluginRow[]> {
  const ids = bundle.plugins.map((manifest) => manifest.id);
  return transaction
    .selectFrom('plugins')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('plugin_id', 'in', ids),
        eb(
          'bundle_digest',
          'in',
          eb.selectFrom('bundles').select('digest').where('name', '=', bundle.bundle.name),
        ),
      ]),
    )
    .orderBy('action_id')
    .execute();
}

function reportAlready(bundle: VerifiedBundle, installed: readonly PluginRow[]): InstallReport {
  const other = installed.find((row) => row.bundle_digest !== bundle.digest);
  if (other === undefined) return report(bundle, 'already', installed);
  throw new Fault(
    'ALREADY_INSTALLED',
    `The plugin ${other.plugin_id} is installed as action ${other.action_id} in version ${other.version} from another bundle (${other.bundle_digest.slice(0, 12)}…); put this one in its place with: drover plugin upgrade FILE`,
  );
}

function report(
  { bundle, digest }: VerifiedBundle,
  result: InstallReport['result'],
  rows: readonly PluginRow[],
): InstallReport {
  return {
    bundle: bundle.name,
    version: bundle.version,
    digest,
    result,
    plugins: rows.map((row) => {
      const { actionId, pluginId, version, manifest } = toInstalledPlugin(row);
      return { actionId, pluginId, version, name: manifest.name };
    }),
  };
}

function toInstalledPlugin(row: PluginRow): InstalledPlugin {
  return {
    actionId: row.action_id,
    pluginId: row.plugin_id,
    version: row.version,
    bundleDigest: row.bundle_digest,
    manifest: JSON.parse(row.manifest) as PluginManifest,
    defaults: JSON.parse(row.defaults) as Record<string, unknown>,
    setAside: JSON.parse(row.set_aside) as Record<string, unknown>,
    installedAt: new Date(row.installed_at).toISOString(),
  };
}
