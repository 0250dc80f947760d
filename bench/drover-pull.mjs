// Makes a data folder for the same pull by Drover: packs, installs and connects the CrowdStrike feed. The pull itself is the command.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCliHost } from 'drover';

const { folder, url, clientId, clientSecret } = JSON.parse(process.argv[2]);
const host = createCliHost({
  environment: { DROVER_LOG_LEVEL: 'silent' },
  onInterrupt: () => () => undefined,
});
const application = await host.openApplication({ dataDir: folder, notify: () => undefined });
await setUp();
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
