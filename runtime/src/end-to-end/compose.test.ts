import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import {
  type PostgresBinaries,
  missingOwnPostgres,
  missingPrometheus,
  missingRedis,
  postgresOrigin,
  skipLoudly,
} from '@drover/testing';
import { until } from './built-drover.js';
import { CommandLine } from './command-line.js';
import { readComposeFile, readRepositoryFile, secondsOf } from './compose-file.js';
import { ComposeStack } from './compose-stack.js';
import { type AlertRule, PrometheusAnswers } from './prometheus-answers.js';
import { dashboardQueries } from './shipped-dashboard.js';
import { ACTION, COLLECTION, CONNECTION, LISTS, TOKEN } from './tenant-site.js';

const compose = readComposeFile();
const alerts = [...readRepositoryFile('deploy/prometheus/rules.yml').matchAll(/- alert: (\w+)/g)].map(
  ([, name]) => name,
);
const URLS = Array.from({ length: 40 }, (_, n) => `site-${n}.example.com`);

let folder: string;
let zip: string;
let urls: string;
let tenant: Simulator<NetskopeState>;
let baseUrl: string;
let stack: ComposeStack | undefined;

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
  stack = undefined;
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

/** Of what looks at Drover: it finds every process, its rules have nothing to say, and no panel asks in vain. */
async function expectObserved(): Promise<void> {
  await stack!.start('observability');
  expect(stack!.up).toContain('prometheus');
  const prometheus = new PrometheusAnswers(stack!.urlOf('prometheus'));
  const looks = 'min(up) == 1 and min(count_over_time(up[1m])) >= 3';
  await until(async () => (await prometheus.query(looks)).length > 0, { what: 'three looks at all' });

  const targets = (await prometheus.targets()).map(({ labels, scrapeUrl, lastError }) => ({
    job: labels.job,
    service: labels.service,
    scrapeUrl,
    lastError,
  }));
  const expected = stack!.running.map(({ name, url }) => ({
    job: 'drover',
    service: name,
    scrapeUrl: `${url}/metrics`,
    lastError: '',
  }));
  const itself = { job: 'prometheus', scrapeUrl: `${prometheus.url}/metrics`, lastError: '' };
  expect(targets).toHaveLength(expected.length + 1);
  expect(targets).toEqual(expect.arrayContaining([...expected, itself]));

  // How full the disk of this machine is, and becomes, is no matter of Drover.
  const isQuiet = ({ name, health, state }: AlertRule): boolean =>
    health !== 'unknown' && (state === 'inactive' || name.startsWith('DroverDisk'));
  const areQuiet = async (): Promise<boolean> => (await prometheus.rules()).every(isQuiet);
  await until(areQuiet, { what: 'the rules to have nothing to say' });
  const rules = await prometheus.rules();
  expect(rules.map(({ name }) => name)).toEqual(alerts);
  expect(rules.map(({ health, lastError = '' }) => health + lastError)).toEqual(alerts.map(() => 'ok'));

  const answers = await Promise.all(
    dashboardQueries().map(async (query) => ({ ...query, series: await prometheus.query(query.expression) })),
  );
  const empty = answers.filter(({ series }) => series.length === 0).map(({ title }) => title);
  expect(empty).toEqual([]);
  for (const { title, labels, series } of answers) {
    const shown = series.map(({ metric }) => [title, labels.every((label) => metric[label] !== undefined)]);
    expect(shown).toEqual(series.map(() => [title, true]));
  }
}

/** The server that was set up is the one that the file asks for, and lets in nobody without the password. */
async function expectPostgresAsAsked(): Promise<void> {
  const url = new URL(await stack!.secret('database-url'));
  const settings = `current_setting('max_connections'), current_setting('data_checksums')`;
  expect(await query(url, `select ${settings}, current_user, current_database()`)).toBe(
    '200|on|drover|drover',
  );
  url.password = 'wrong';
  await expect(query(url, 'select 1')).rejects.toThrow(/password authentication failed/);
}

async function query(url: URL, sql: string): Promise<string> {
  const psql = join((postgresOrigin() as PostgresBinaries).folder, 'psql');
  const argv = [url.href, '--no-align', '--tuples-only', '--command', sql];
  const { stdout } = await promisify(execFile)(psql, argv);
  return stdout.trim();
}

/** @returns what was told to stop, in that order */
async function expectStopsInTime(): Promise<string[]> {
  const stopped = await stack!.stop();
  for (const { name, ended, tookMs } of stopped) {
    expect([name, ended.exitCode]).toEqual([name, 0]);
    expect(tookMs).toBeLessThan(secondsOf(compose.services[name]!.stop_grace_period ?? '10s') * 1_000);
  }
  return stopped.map(({ name }) => name);
}

const unobserved = missingPrometheus();
if (unobserved !== undefined) skipLoudly('the profile observability of the compose file', unobserved);

it('one container over a volume does its work, and stops when it is told to', async () => {
  stack = await ComposeStack.open(compose);
  await stack.start('default');
  expect(stack.up).toEqual(['drover']);
  await runAction('drover', LISTS[0]);
  await expectWellKept({ workers: 1, queue: 'memory' });
  if (unobserved === undefined) await expectObserved();
  await expectStopsInTime();
  const again = await stack.run('drover', ['run', 'list', '--json']);
  expect(again.json.data).toEqual([expect.objectContaining({ status: 'succeeded' })]);
}, 120_000);

const missing = missingOwnPostgres() ?? missingRedis({ own: true });
if (missing === undefined) {
  it('a scheduler and two workers over PostgreSQL and Redis do theirs, and stop when they are told to', async () => {
    stack = await ComposeStack.open(compose);
    await stack.start('scale', { worker: 2 });
    expect(stack.up).toEqual(['postgres', 'migrate', 'redis', 'scheduler', 'worker']);
    await expectPostgresAsAsked();
    await runAction('cli', LISTS[1]);
    await expectWellKept({ workers: 2, queue: 'connected' });
    if (unobserved === undefined) await expectObserved();
    const stopped = await expectStopsInTime();
    const order = ['scheduler', 'worker', 'worker', 'redis', 'postgres'];
    expect(stopped.filter((name) => name !== 'prometheus')).toEqual(order);
  }, 120_000);
} else skipLoudly('the profile scale of the compose file', missing);
