// Fills an empty database with what a scaled-out run needs: schema, bench plugin, connection, and objects on the list `hosts`.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSecretCipher, readBundle } from '@drover/plugin-host';
import { packBundle } from '@drover/plugin-kit';
import {
  KyselyCollectionLibrary,
  KyselyConnectionVault,
  KyselyObjectLibrary,
  KyselyPluginLibrary,
  migrate,
  openPostgres,
  readSecretFile,
} from '@drover/store';

const { databaseUrl, key, url, objects, batch, inFlight } = JSON.parse(process.argv[2]);
const PAGE = 1_000;

const database = openPostgres(databaseUrl);
await migrate(database);
await installPlugin();
await connect();
await fill();
await database.close();

async function installPlugin() {
  const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'plugin');
  const { zip } = await packBundle(folder);
  const bundle = await readBundle(zip, { droverVersion: '0.1.0' });
  for (const { id, limits } of bundle.plugins) {
    limits.concurrency = inFlight;
    if (id === 'bench.tag-hosts') limits.batch.objects = batch;
  }
  await new KyselyPluginLibrary(database).install(bundle);
}

async function connect() {
  const vault = new KyselyConnectionVault(database, createSecretCipher({ current: key }), {
    env: {},
    readFile: readSecretFile,
  });
  await vault.create({
    name: 'bench',
    vendor: 'Bench',
    settings: { baseUrl: url },
    secrets: { token: { value: 'bench-token-0123456789' } },
  });
}

async function fill() {
  const library = new KyselyObjectLibrary(database);
  const { id: collectionId } = await new KyselyCollectionLibrary(database).create({
    name: 'hosts',
    kind: 'fixed',
  });
  for (let at = 0; at < objects; at += PAGE) {
    const drafts = Array.from({ length: Math.min(PAGE, objects - at) }, (_, n) => ({
      type: 'indicator',
      subtype: 'FQDN',
      value: `host${at + n}.example.com`,
    }));
    await library.upsert(drafts, { source: 'Bench', at: new Date(), collectionId });
  }
}
