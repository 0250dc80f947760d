import 'reflect-metadata';
import { container as root, type DependencyContainer } from 'tsyringe';
import type { Parts, Surroundings } from './parts.js';
import { Releases } from './releases.js';
import { type Token, token } from './token.js';

type PartName = Exclude<keyof Parts, 'surroundings' | 'close'>;
type PartTokens = { [Name in PartName]: Token<ReturnType<Parts[Name]>> };

const TOKENS: PartTokens = {
  log: token('log'),
  dataFolder: token('data folder'),
  database: token('database'),
  objects: token('object library'),
  collections: token('collection library'),
  plugins: token('plugin library'),
  cipher: token('secret cipher'),
  connections: token('connection vault'),
  accessTokens: token('access token store'),
  ledger: token('run ledger'),
  journal: token('call journal'),
  commandLedger: token('command ledger'),
  feeds: token('feed ledger'),
  mirrors: token('mirror ledger'),
  leases: token('leases'),
  quarantine: token('quarantine'),
  retention: token('retention store'),
  workWatch: token('work watch'),
  doorbell: token('doorbell'),
  meters: token('meters'),
  health: token('health'),
  healthUrl: token('health URL'),
  limits: token('limits'),
  governor: token('governor'),
  pluginRuntime: token('plugin runtime'),
  engine: token('engine'),
  commandRunner: token('command runner'),
};

type Makers = { [Name in PartName]: (parts: Parts, releases: Releases) => ReturnType<Parts[Name]> };

/** How each part is made. Modules are loaded by the part that needs them, when it is made. */
const MAKERS: Makers = {
  log: async ({ surroundings }) => (await import('./log.js')).createLog(surroundings.settings),
  dataFolder: async ({ surroundings }) =>
    (await import('./data-folder.js')).openDataFolder(surroundings.settings.dataDir),
  database: async (parts, releases) => (await import('./make-database.js')).makeDatabase(parts, releases),
  objects: async (parts) =>
    new (await import('./store-parts.js')).KyselyObjectLibrary(await parts.database()),
  collections: async (parts) =>
    new (await import('./store-parts.js')).KyselyCollectionLibrary(await parts.database()),
  plugins: async (parts) =>
    new (await import('./store-parts.js')).KyselyPluginLibrary(await parts.database()),
  quarantine: async (parts) =>
    new (await import('./ledger-part.js')).KyselyQuarantine(await parts.database()),
  retention: async (parts) => new (await import('./ledger-part.js')).KyselyRetention(await parts.database()),
  leases: async (parts) => new (await import('./store-parts.js')).KyselyLeases(await parts.database()),
  ledger: async (parts) => new (await import('./ledger-part.js')).KyselyRunLedger(await parts.database()),
  journal: async (parts) => new (await import('./ledger-part.js')).KyselyCallJournal(await parts.database()),
  commandLedger: async (parts) =>
    new (await import('./store-parts.js')).KyselyCommandLedger(await parts.database()),
  feeds: async (parts) => new (await import('./ledger-part.js')).KyselyFeedLedger(await parts.database()),
  workWatch: async (parts) => new (await import('./ledger-part.js')).KyselyWorkWatch(await parts.database()),
  doorbell: async (parts, releases) => (await import('./make-doorbell.js')).makeDoorbell(parts, releases),
  meters: async () => new (await import('../health/meters.js')).Meters(),
  health: async (parts) => new (await import('../health/health.js')).Health(parts),
  healthUrl: async (parts, releases) => openHealth(parts, releases),
  mirrors: async (parts) => new (await import('./ledger-part.js')).KyselyMirrorLedger(await parts.database()),
  connections: async (parts) => (await import('./make-connections.js')).makeConnections(parts),
  limits: async (parts, releases) => (await import('./make-governor.js')).makeLimits(parts, releases),
  governor: async (parts) => (await import('./make-governor.js')).makeGovernor(parts),
  cipher: async (parts) => (await import('./make-cipher.js')).makeCipher(parts),
  accessTokens: async (parts) =>
    new (await import('./store-parts.js')).KyselyAccessTokenStore(
      await parts.database(),
      await parts.cipher(),
    ),
  pluginRuntime: async (parts, releases) =>
    (await import('./make-plugin-runtime.js')).makePluginRuntime(parts, releases),
  engine: async (parts, releases) => (await import('./make-engine.js')).makeEngine(parts, releases),
  commandRunner: async (parts) => (await import('./make-command-runner.js')).makeCommandRunner(parts),
};

async function openHealth(parts: Parts, releases: Releases): Promise<string | undefined> {
  const { httpHost: host, httpPort: port } = parts.surroundings.settings;
  if (port === undefined) return undefined;
  const { startHealthServer } = await import('../health/health-server.js');
  return startHealthServer(parts, releases, { host, port });
}

/** Puts the runtime together. Nothing is opened before a part that needs it is asked for. */
export function composeParts(surroundings: Surroundings): Parts {
  const container = root.createChildContainer();
  const releases = new Releases();
  const names = Object.keys(MAKERS) as PartName[];
  const parts = {
    surroundings,
    ...Object.fromEntries(names.map((name) => [name, () => container.resolve(TOKENS[name])])),
    close: (options) => releases.run(options),
  } as Parts;
  for (const name of names) register(container, name, parts, releases);
  return parts;
}

function register(container: DependencyContainer, name: PartName, parts: Parts, releases: Releases): void {
  let made: Promise<unknown> | undefined;
  /** Once, unless it fails: what was missing may be there when it is asked for again. */
  const make = (): Promise<unknown> => {
    made ??= MAKERS[name](parts, releases).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  container.register<unknown>(TOKENS[name], { useFactory: make });
}
