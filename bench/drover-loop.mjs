// The same work by Drover: the bench plugin in its sandbox over a store of its own. `setup` packs, installs and imports, `run`
// is a process that does nothing but the run and is measured from submitting to the end.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine } from '@drover/engine';
import {
  LocalGovernor,
  SandboxedPluginRuntime,
  createBroker,
  createSecretCipher,
  extractBundle,
  readBundle,
} from '@drover/plugin-host';
import { InProcessDoorbell } from '@drover/queue';
import {
  KyselyCallJournal,
  KyselyCollectionLibrary,
  KyselyConnectionVault,
  KyselyFeedLedger,
  KyselyLeases,
  KyselyObjectLibrary,
  KyselyPluginLibrary,
  KyselyRunLedger,
  migrate,
  openSqlite,
  readSecretFile,
} from '@drover/store';
import { startMeasuring } from './measure.mjs';
import { ENCRYPTION_KEY } from './encryption-key.mjs';

const { mode, folder, url, plugin: pluginId, objects, inFlight, delivery } = JSON.parse(process.argv[2]);
const here = dirname(fileURLToPath(import.meta.url));

const database = openSqlite(join(folder, 'drover.db'));
await migrate(database);
const plugins = new KyselyPluginLibrary(database);
const cipher = createSecretCipher({ current: ENCRYPTION_KEY });
const connections = new KyselyConnectionVault(database, cipher, { env: {}, readFile: readSecretFile });
const collections = new KyselyCollectionLibrary(database);
await (mode === 'setup' ? setUp() : run());
await database.close();
process.exit(0);

async function setUp() {
  const { packBundle } = await import('@drover/plugin-kit');
  const { zip } = await packBundle(join(here, 'plugin'));
  const bundle = await readBundle(zip, { droverVersion: '0.1.0' });
  for (const { limits, calls } of bundle.plugins) {
    limits.concurrency = inFlight;
    calls[0].delivery = delivery ?? calls[0].delivery;
  }
  await plugins.install(bundle);
  await connections.create({
    name: 'bench',
    vendor: 'Bench',
    settings: { baseUrl: url },
    secrets: { token: { value: 'bench-token-0123456789' } },
  });
  const library = new KyselyObjectLibrary(database);
  const { id: collectionId } = await collections.create({ name: 'hosts', kind: 'fixed' });
  for (let at = 0; at < objects; at += 1_000) {
    const drafts = Array.from({ length: Math.min(1_000, objects - at) }, (_, n) => ({
      type: 'indicator',
      subtype: 'FQDN',
      value: `host${at + n}.example.com`,
    }));
    await library.upsert(drafts, { source: 'Bench', at: new Date(), collectionId });
  }
}

async function run() {
  const plugin = await plugins.find(pluginId);
  const broker = createBroker({ vault: connections, governor: new LocalGovernor(), proxyEnvironment: {} });
  const runtime = new SandboxedPluginRuntime({
    broker,
    bundleFolder: async (digest) => extractBundle({ digest, zip: await plugins.readBundle(digest) }, folder),
  });
  const engine = new Engine(
    {
      ledger: new KyselyRunLedger(database),
      journal: new KyselyCallJournal(database),
      feeds: new KyselyFeedLedger(database),
      plugins,
      connections,
      leases: new KyselyLeases(database),
      doorbell: new InProcessDoorbell(),
      runtime,
    },
    {
      owner: 'bench',
      self: {},
      isDead: () => false,
      onError: (fault) => process.stderr.write(`${fault.code}: ${fault.message}\n`),
    },
  );
  const measured = startMeasuring();
  const { runId } = await engine.submit({
    plugin,
    connection: await connections.find('bench'),
    collection: await collections.find('hosts'),
    config: {},
    trigger: 'manual',
    objectsPerRun: objects,
  });
  await engine.start();
  let last;
  for await (const progress of engine.watch(runId)) last = progress.run;
  const { summary, status } = last;
  measured.finish({ calls: summary.vendorCalls, status, succeeded: summary.counts.succeeded });
  await engine.stop();
  await broker.close();
}
