// The same work by Drover: the bench plugin in its sandbox, over a store of its own, measured from submitting to the end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
import { packBundle } from '@drover/plugin-kit';
import { InProcessDoorbell } from '@drover/queue';
import {
  KyselyCollectionLibrary,
  KyselyConnectionVault,
  KyselyLeases,
  KyselyObjectLibrary,
  KyselyPluginLibrary,
  KyselyRunLedger,
  migrate,
  openSqlite,
  readSecretFile,
} from '@drover/store';
import { startMeasuring } from './measure.mjs';

const [url, objects, inFlight] = [process.argv[2], ...process.argv.slice(3, 5).map(Number)];
const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'drover-bench-'));

const database = openSqlite(join(folder, 'drover.db'));
await migrate(database);
const plugins = new KyselyPluginLibrary(database);
const connections = new KyselyConnectionVault(database, createSecretCipher({ current: 'ab'.repeat(32) }), {
  env: {},
  readFile: readSecretFile,
});
const library = new KyselyObjectLibrary(database);
const collection = await new KyselyCollectionLibrary(database).create({ name: 'hosts', kind: 'fixed' });

const { zip } = await packBundle(join(here, 'plugin'));
const bundle = await readBundle(zip, { droverVersion: '0.1.0' });
bundle.plugins[0].limits.concurrency = inFlight;
await plugins.install(bundle);
const connection = await connections.create({
  name: 'bench',
  vendor: 'Bench',
  settings: { baseUrl: url },
  secrets: { token: { value: 'bench-token-0123456789' } },
});
for (let at = 0; at < objects; at += 1_000) {
  const drafts = Array.from({ length: Math.min(1_000, objects - at) }, (_, n) => ({
    type: 'indicator',
    subtype: 'FQDN',
    value: `host${at + n}.example.com`,
  }));
  await library.upsert(drafts, { source: 'Bench', at: new Date(), collectionId: collection.id });
}

const broker = createBroker({ vault: connections, governor: new LocalGovernor(), proxyEnvironment: {} });
const runtime = new SandboxedPluginRuntime({
  broker,
  bundleFolder: (digest) => extractBundle({ digest, zip }, folder),
});
const engine = new Engine(
  {
    ledger: new KyselyRunLedger(database),
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
    concurrency: inFlight,
    onError: (fault) => process.stderr.write(`${fault.code}: ${fault.message}\n`),
  },
);

const measured = startMeasuring();
const { runId } = await engine.submit({
  plugin: await plugins.find('bench.tag-hosts'),
  connection,
  collection,
  config: {},
  trigger: 'manual',
  objectsPerRun: objects,
});
await engine.start();
let last;
for await (const progress of engine.watch(runId)) last = progress.run;
measured.finish({
  calls: last.summary.vendorCalls,
  status: last.status,
  succeeded: last.summary.counts.succeeded,
});
await engine.stop();
await broker.close();
await database.close();
rmSync(folder, { recursive: true });
process.exit(0);
