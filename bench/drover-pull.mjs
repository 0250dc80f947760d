// The same pull by Drover: the CrowdStrike feed in its sandbox over a data folder. `setup` packs, installs and connects; `pull` is
// a process that does nothing but one pull and is measured from asking for it to its end.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCliHost } from 'drover';
import { startMeasuring } from './measure.mjs';

const { folder, url, clientId, clientSecret, mode } = JSON.parse(process.argv[2]);
const host = createCliHost({
  environment: { DROVER_LOG_LEVEL: 'silent' },
  onInterrupt: () => () => undefined,
});
const application = await host.openApplication({ dataDir: folder, notify: () => undefined });
await (mode === 'setup' ? setUp() : pull());
await application.close();
process.exit(0);

async function setUp() {
  const plugins = join(dirname(fileURLToPath(import.meta.url)), '..', 'plugins', 'crowdstrike');
  const { zip } = await host.packBundle(plugins);
  await application.plugins.install(zip);
  await application.connections.create({
    name: 'falcon',
    vendor: 'CrowdStrike',
    settings: { baseUrl: url, clientId },
    secrets: { clientSecret: { value: clientSecret } },
    transport: { proxy: 'none' },
  });
  await application.feeds.create({
    name: 'risk',
    plugin: 'crowdstrike.fetch-identity-risk',
    connection: 'falcon',
    config: { initialRangeDays: 0 },
    everyMs: 3_600_000,
  });
  process.stdout.write('{}\n');
}

async function pull() {
  const measured = startMeasuring();
  const { id } = await application.feeds.run('risk');
  let last;
  for await (const sighting of application.feeds.watch(id)) last = sighting.pull;
  const { created, updated, unchanged } = last.counts;
  measured.finish({ kept: created + updated + unchanged, status: last.status });
}
