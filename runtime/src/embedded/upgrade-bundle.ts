import type {
  ConfigStep,
  Feed,
  InstalledPlugin,
  PluginUpgrade,
  UpgradeOptions,
  UpgradeReport,
  UpgradeSteps,
  VerifiedBundle,
} from '@drover/engine';
import { Fault, FaultList, type FaultRecord, isFault, type PluginManifest } from '@drover/model';
import type { Parts } from '../composition/parts.js';
import { checkRules, fitSender, goesOut } from './feed-mirror.js';
import type * as schemaChecks from './schema-checks.js';

type Checks = typeof schemaChecks;

/** Puts a bundle in the place of the version of it that is in force, or shows what that would change. */
export async function upgradeBundle(
  parts: Parts,
  bundle: VerifiedBundle,
  { dryRun = false, from }: UpgradeOptions,
): Promise<UpgradeReport> {
  const library = await parts.plugins();
  const installed = await installedOf(parts, bundle);
  const before = installed[0]!.bundleDigest;
  if (from !== undefined && from !== before) {
    throw new Fault('UPGRADE_REFUSED', 'Another version was put in force meanwhile; look again.');
  }
  const { name, version } = bundle.bundle;
  const about = { bundle: name, version, digest: bundle.digest, before };
  if (before === bundle.digest) return { ...about, result: 'already', plugins: [], connections: [] };
  const next = new Upgrade(await import('./schema-checks.js'), installed, bundle);
  next.refuseLosses();
  const steps = {
    from: before,
    defaults: next.defaults(),
    feeds: next.feeds(await feedsOf(parts, installed)),
  };
  const plugins = next.plugins(steps);
  const connections = await unfitConnections(parts, next);
  if (dryRun) return { ...about, result: 'shown', plugins, connections };
  const report = await library.upgrade(bundle, steps);
  const ids = new Map(report.plugins.map(({ pluginId, actionId }) => [pluginId, actionId]));
  const numbered = plugins.map((plugin) => ({ ...plugin, actionId: ids.get(plugin.pluginId)! }));
  return { ...about, result: 'upgraded', plugins: numbered, connections };
}

async function installedOf(parts: Parts, { bundle }: VerifiedBundle): Promise<InstalledPlugin[]> {
  const all = await (await parts.plugins()).list();
  // Ids begin with the bundle's name.
  const installed = all.filter(({ pluginId }) => pluginId.startsWith(`${bundle.name}.`));
  if (installed.length > 0) return installed;
  throw new Fault(
    'NOT_FOUND',
    `No version of the bundle ${bundle.name} is installed; install it with: drover plugin install FILE`,
  );
}

async function feedsOf(parts: Parts, installed: readonly InstalledPlugin[]): Promise<Feed[]> {
  const ids = new Set(installed.map(({ pluginId }) => pluginId));
  return (await (await parts.feeds()).list()).filter(({ pluginId }) => ids.has(pluginId));
}

/** What becomes of plugins, their defaults and their feeds. */
class Upgrade {
  readonly #manifests: ReadonlyMap<string, PluginManifest>;

  constructor(
    readonly checks: Checks,
    readonly installed: readonly InstalledPlugin[],
    { plugins }: VerifiedBundle,
  ) {
    this.#manifests = new Map(plugins.map((manifest) => [manifest.id, manifest]));
  }

  manifestOf(pluginId: string): PluginManifest {
    return this.#manifests.get(pluginId)!;
  }

  /** An action ID is for good: what has one is there in each version, and is of the same kind. */
  refuseLosses(): void {
    const problems = this.installed.flatMap(({ pluginId, actionId, manifest }): FaultRecord[] => {
      const next = this.#manifests.get(pluginId);
      if (next?.kind === manifest.kind) return [];
      const message =
        next === undefined
          ? `The new version is without ${pluginId}, which is action ${actionId}.`
          : `${pluginId} is of the kind ${manifest.kind}, and ${next.kind} in the new version.`;
      return [{ code: 'UPGRADE_REFUSED', message, path: `/plugins/${pluginId}` }];
    });
    refuse(problems, 'The new version would take plugins away.');
  }

  defaults(): UpgradeSteps['defaults'] {
    return new Map(
      this.installed.map((plugin) => {
        const carried = this.checks.carryConfig(this.manifestOf(plugin.pluginId).config, plugin);
        const { defaults: after, setAside } = carried;
        return [plugin.pluginId, { before: plugin.defaults, after, setAside }];
      }),
    );
  }

  /** The configs of feeds with what is new in them filled in. Fault `UPGRADE_REFUSED` when one does not fit. */
  feeds(feeds: readonly Feed[]): Map<string, ConfigStep> {
    const steps = new Map<string, ConfigStep>();
    const problems: FaultRecord[] = [];
    for (const feed of feeds) {
      const result = this.checks.checkConfig(this.manifestOf(feed.pluginId).config, feed.config, {
        isSound: true,
      });
      if (result.ok) steps.set(feed.id, { before: feed.config, after: result.config });
      const found = [...(result.ok ? [] : result.problems), ...this.#mirrorProblems(feed)];
      problems.push(
        ...found.map(({ code, message, path = '' }) => ({
          code,
          message,
          path: `/feeds/${feed.name}${path}`,
        })),
      );
    }
    refuse(problems, 'The new version does not take what feeds are set to; remove or change those first.');
    return steps;
  }

  #mirrorProblems({ pluginId, mirror, mirrorConfig }: Feed): readonly FaultRecord[] {
    try {
      const plugin = this.#asInstalled(pluginId);
      checkRules(plugin, mirror);
      if (!goesOut(mirror)) return [];
      const { action } = plugin.manifest.mirror!;
      const sender = fitSender(plugin, this.#manifests.has(action!) ? this.#asInstalled(action!) : undefined);
      const result = this.checks.checkConfig(sender.manifest.config, mirrorConfig, { isSound: true });
      return result.ok ? [] : result.problems;
    } catch (error) {
      if (isFault(error)) return [error];
      throw error;
    }
  }

  #asInstalled(pluginId: string): InstalledPlugin {
    const plugin = this.installed.find((one) => one.pluginId === pluginId) ?? this.installed[0]!;
    return { ...plugin, pluginId, manifest: this.manifestOf(pluginId) };
  }

  plugins({ defaults }: UpgradeSteps): PluginUpgrade[] {
    const known = new Map(this.installed.map((plugin) => [plugin.pluginId, plugin]));
    return [...this.#manifests.values()].map(({ id: pluginId, name, version }) => {
      const before = known.get(pluginId);
      if (before === undefined) return { pluginId, name, version, changes: [], setAside: [], restored: [] };
      const { after, setAside } = defaults.get(pluginId)!;
      return {
        pluginId,
        name,
        actionId: before.actionId,
        before: before.version,
        version,
        changes: this.checks.compareManifests(before.manifest, this.manifestOf(pluginId)),
        setAside: Object.keys(setAside),
        restored: Object.keys(after).filter((key) => !Object.hasOwn(before.defaults, key)),
      };
    });
  }
}

/** Connections that fit the plugins in force and not the new ones. */
async function unfitConnections(parts: Parts, next: Upgrade): Promise<UpgradeReport['connections']> {
  const { installed, checks } = next;
  const vendor = installed[0]!.manifest.vendor;
  const connections = (await (await parts.connections()).list()).filter((one) => one.vendor === vendor);
  return connections.flatMap(({ name, settings, secrets }) => {
    const names = Object.keys(secrets);
    const problemsOf = ({ connection }: PluginManifest): FaultRecord[] => {
      const result = checks.checkConnection(connection, settings, names);
      return result.ok ? [] : result.problems;
    };
    const found = installed.flatMap(({ pluginId, manifest }) =>
      problemsOf(manifest).length > 0 ? [] : problemsOf(next.manifestOf(pluginId)),
    );
    const distinct = new Map(found.map((problem) => [`${problem.path} ${problem.message}`, problem]));
    return distinct.size === 0 ? [] : [{ name, problems: [...distinct.values()] }];
  });
}

function refuse(problems: readonly FaultRecord[], why: string): void {
  if (problems.length > 0) throw new FaultList('UPGRADE_REFUSED', `${why} Nothing was changed.`, problems);
}
