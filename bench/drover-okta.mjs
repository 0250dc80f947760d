// The same by Drover: Take Action in its sandbox over a data folder. `setup` packs, installs, connects and imports; `run` is a process
// that does nothing but one run and is measured from asking for it to its end.
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createCliHost } from 'drover';
import { startMeasuring } from './measure.mjs';

const { folder, url, token, users, mode } = JSON.parse(process.argv[2]);
const host = createCliHost({
  environment: { DROVER_LOG_LEVEL: 'silent' },
  onInterrupt: () => () => undefined,
});
const application = await host.openApplication({ dataDir: folder, notify: () => undefined });
await (mode === 'setup' ? setUp() : run());
await application.close();
process.exit(0);

async function setUp() {
  const plugins = join(dirname(fileURLToPath(import.meta.url)), '..', 'plugins', 'okta');
  const { zip } = await host.packBundle(plugins);
  await application.plugins.install(zip);
  await application.connections.create({
    name: 'org',
    vendor: 'Okta',
    settings: { baseUrl: url },
    secrets: { apiToken: { value: token } },
    transport: { proxy: 'none' },
  });
  const logins = Array.from({ length: users }, (_, n) => `user${n + 1}@example.com\n`).join('');
  await application.objects.import(
    Readable.from([Buffer.from(logins)]),
    { collection: 'users', fileName: 'users.txt', type: 'identity' },
    () => undefined,
  );
  process.stdout.write('{}\n');
}

async function run() {
  const measured = startMeasuring();
  const { run: started } = await application.actions.run({
    action: 'okta.take-action',
    collection: 'users',
    connection: 'org',
    config: { action: 'suspend' },
    trigger: 'manual',
  });
  let last = started;
  for await (const sighting of application.runs.watch(started.id)) last = sighting.run;
  measured.finish({ suspended: last.summary.counts.succeeded, status: last.status });
}
