import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { makeEmptyPostgres, missingPostgres, missingRedis, skipLoudly } from '@drover/testing';
import { CommandLine } from './command-line.js';
import { readComposeFile, secondsOf } from './compose-file.js';
import { ComposeStack } from './compose-stack.js';
import { ACTION, COLLECTION, CONNECTION, LISTS, TOKEN } from './tenant-site.js';

const compose = readComposeFile();
const URLS = Array.from({ length: 40 }, (_, n) => `site-${n}.example.com`);

let folder: string;
let zip: string;
let urls: string;
let tenant: Simulator<NetskopeState>;
let baseUrl: string;
let stack: ComposeStack | undefined;
let remove: (() => Promise<void>) | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-compose-input-'));
  [zip, urls] = [join(folder, 'netskope.zip'), join(folder, 'urls.csv')];
  await writeFile(urls, ['type,subtype,value', ...URLS.map((url) => `indicator,FQDN,${url}`)].join('\n'));
  const drover = await CommandLine.open();
  await drover.json('plugin', 'pack', 'plugins/netskope', '--output', zip);
  await drover.close();
  tenant = createNetskopeSimulator({ token: TOKEN, lists: LISTS.map((name) => ({ name })) });
  baseUrl = await tenant.listen();
}, 120_000);
afterAll(async () => {
  await tenant.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await stack?.close();
  await remove?.();
  stack = remove = undefined;
});

/** What somebody types who comes to it for the first time. `service` is what `docker compose run --rm` names. */
async function runAction(service: string, list: string): Promise<void> {
  async function ask(argv: readonly string[], stdin = ''): Promise<void> {
    const { exitCode, stderr } = await stack!.run(service, argv, { stdin });
    expect([argv.join(' '), exitCode, exitCode === 0 ? '' : stderr]).toEqual([argv.join(' '), 0, '']);
  }
  const account = ['--vendor', 'Netskope', '--set', `baseUrl=${baseUrl}`, '--secret-stdin', 'apiV2Token'];
  await ask(['plugin', 'install', zip]);
  await ask(['objects', 'import', urls, '--collection', COLLECTION]);
  await ask(['connection', 'create', CONNECTION, ...account, '--proxy', 'none'], TOKEN);
  const over = ['--collection', COLLECTION, '--connection', CONNECTION, '--set', `urlListName=${list}`];
  await ask(['action', 'run', ACTION, ...over]);
  expect(
    tenant
      .state()
      .lists.find(({ name }) => name === list)!
      .urls.toSorted(),
  ).toEqual(URLS.toSorted());
}

/** Of every process that runs: ready, and its figures say what it did. */
async function expectWellKept({ workers, queue }: { workers: number; queue: string }): Promise<void> {
  let succeeded = 0;
  for (const { url } of stack!.running) {
    const readiness = await fetch(`${url}/readyz`);
    expect(readiness.status).toBe(200);
    expect(await readiness.json()).toMatchObject({ ready: true, queue, due: { count: 0 } });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(new RegExp(`^drover_workers ${workers}$`, 'm'));
    expect(metrics).toMatch(/^drover_schedulers 1$/m);
    expect(metrics).toMatch(/^drover_disk_free_bytes [1-9]/m);
    succeeded += Number(/^drover_outcomes_total\{outcome="succeeded"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
  }
  expect(succeeded).toBe(URLS.length);
}

async function expectStopsInTime(): Promise<void> {
  for (const { name, ended, tookMs } of await stack!.stop()) {
    expect([name, ended.exitCode]).toEqual([name, 0]);
    expect(tookMs).toBeLessThan(secondsOf(compose.services[name]!.stop_grace_period!) * 1_000);
  }
}

it('one container over a volume does its work, and stops when it is told to', async () => {
  stack = await ComposeStack.open(compose);
  await stack.start('default');
  expect(stack.up).toEqual(['drover']);
  await runAction('drover', LISTS[0]);
  await expectWellKept({ workers: 1, queue: 'memory' });
  await expectStopsInTime();
  const again = await stack.run('drover', ['run', 'list', '--json']);
  expect(again.json.data).toEqual([expect.objectContaining({ status: 'succeeded' })]);
}, 120_000);

const missing = missingPostgres() ?? missingRedis({ own: true });
if (missing === undefined) {
  it('a scheduler and two workers over PostgreSQL and Redis do theirs, and stop when they are told to', async () => {
    const database = await makeEmptyPostgres();
    remove = database.remove;
    stack = await ComposeStack.open(compose, database);
    await stack.start('scale', { worker: 2 });
    expect(stack.up).toEqual(['postgres', 'migrate', 'redis', 'scheduler', 'worker']);
    await runAction('cli', LISTS[1]);
    await expectWellKept({ workers: 2, queue: 'connected' });
    await expectStopsInTime();
  }, 120_000);
} else skipLoudly('the profile scale of the compose file', missing);
