import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { packBundle } from '@drover/plugin-kit';
import { simulators } from '@drover/simulators';
import { CommandLine } from './command-line.js';

const PLUGINS = fileURLToPath(new URL('../../../plugins/netskope', import.meta.url));
const LIST = 'Drover Blocklist';
const HOSTS = 25;
const RUN = ['action', 'run', '1', '--collection', 'iocs', '--connection', 'lab'];

type Simulator = Awaited<ReturnType<typeof simulators.netskope.start>>;

let zip: Buffer;
let simulator: Simulator;
let drover: CommandLine;

beforeAll(async () => {
  ({ zip } = await packBundle(PLUGINS));
}, 60_000);

beforeEach(async () => {
  simulator = await simulators.netskope.start({ rateLimit: false });
  drover = await CommandLine.open();
  await writeFile(join(drover.folder, 'netskope.zip'), zip);
  await drover.json('plugin', 'install', join(drover.folder, 'netskope.zip'));
});
afterEach(async () => {
  await drover.close();
  await simulator.close();
});

async function connect(): Promise<void> {
  const created = await drover.run(
    [
      'connection',
      'create',
      'lab',
      '--vendor',
      'netskope',
      '--set',
      `baseUrl=${simulator.url}`,
      '--secret-stdin',
      'apiV2Token',
      '--proxy',
      'none',
    ],
    { stdin: `${simulator.token}\n` },
  );
  expect(created).toMatchObject({ exitCode: 0 });
  expect(created.stdout + created.stderr).not.toContain(simulator.token);
}

async function importHosts(): Promise<void> {
  const file = join(drover.folder, 'hosts.txt');
  await writeFile(file, Array.from({ length: HOSTS }, (_, n) => `host${n}.example.com\n`).join(''));
  await drover.json(
    'objects',
    'import',
    file,
    '--collection',
    'iocs',
    '--type',
    'indicator',
    '--subtype',
    'FQDN',
  );
}

describe('plugin', () => {
  it('knows a bundle that is installed already, and shows what it may call', async () => {
    const again = await drover.run(['plugin', 'install', join(drover.folder, 'netskope.zip')]);
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain('is installed already; nothing changed.');
    expect(await drover.json('plugin', 'list')).toMatchObject([
      { actionId: 1, pluginId: 'netskope.manage-url-list', vendor: 'Netskope', kind: 'action' },
    ]);
    const { stdout } = await drover.run(['plugin', 'show', 'netskope.manage-url-list']);
    expect(stdout).toContain('destructive');
  });

  it('verifies without installing', async () => {
    const other = await CommandLine.open();
    try {
      const { exitCode, json } = await other.run([
        'plugin',
        'verify',
        join(drover.folder, 'netskope.zip'),
        '--json',
      ]);
      expect(exitCode).toBe(0);
      expect(json.bundle).toMatchObject({ name: 'netskope' });
      expect(await other.json('plugin', 'list')).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

describe('action configure', () => {
  it('keeps what runs start from, and tells every wrong value', async () => {
    const configured = await drover.json(
      'action',
      'configure',
      '1',
      '--set',
      `urlListName=${LIST}`,
      '--set',
      'clearOnManualRun=false',
    );
    expect(configured.defaults).toEqual({ urlListName: LIST, clearOnManualRun: false });
    expect((await drover.json('action', 'configure', '1', '--unset', 'clearOnManualRun')).defaults).toEqual({
      urlListName: LIST,
    });
    const wrong = await drover.run([
      'action',
      'configure',
      '1',
      '--config',
      '{"urlListName": "", "colour": 1}',
    ]);
    expect(wrong.exitCode).toBe(78);
    expect(wrong.stderr).toContain('/urlListName');
    expect(wrong.stderr).toContain('/colour');
  });
});

describe('connection', () => {
  it('never takes a secret from the command line', async () => {
    for (const argv of [
      ['--set', 'apiV2Token=hunter2hunter2'],
      ['--secret', 'apiV2Token=hunter2hunter2'],
      ['--proxy', 'http://me:hunter2hunter2@proxy.example.com'],
    ]) {
      const refused = await drover.run(['connection', 'create', 'lab', '--vendor', 'netskope', ...argv]);
      expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^SECRET_IN_ARGV: /);
      expect(refused.stderr).not.toContain('hunter2');
    }
  });

  it('takes references, shows how each secret is held, and changes what is given', async () => {
    const created = await drover.json(
      'connection',
      'create',
      'lab',
      '--vendor',
      'Netskope',
      '--set',
      'baseUrl=https://tenant.example.com',
      '--secret',
      'apiV2Token=env:NETSKOPE_TOKEN',
    );
    expect(created).toMatchObject({
      vendor: 'Netskope',
      secrets: { apiV2Token: 'env:NETSKOPE_TOKEN' },
      transport: { verifyTls: true, proxy: 'system' },
    });
    const updated = await drover.json(
      'connection',
      'update',
      'lab',
      '--no-verify-tls',
      '--secret',
      'apiV1Token=file:/run/token',
      '--remove-secret',
      'apiV2Token',
    );
    expect(updated).toMatchObject({
      settings: { baseUrl: 'https://tenant.example.com' },
      secrets: { apiV1Token: 'file:/run/token' },
      transport: { verifyTls: false, proxy: 'system' },
    });
    expect(updated.secrets).not.toHaveProperty('apiV2Token');
    expect(await drover.json('connection', 'remove', 'lab')).toMatchObject({ name: 'lab' });
    expect(await drover.json('connection', 'list')).toEqual([]);
  });

  it('tells every wrong field', async () => {
    const { exitCode, stderr } = await drover.run([
      'connection',
      'create',
      'lab',
      '--vendor',
      'netskope',
      '--set',
      'baseUrl=nowhere',
      '--set',
      'colour=red',
    ]);
    expect(exitCode).toBe(78);
    expect(stderr).toMatch(/^CONNECTION_INVALID: /);
    expect(stderr).toContain('/baseUrl');
    expect(stderr).toContain('/colour');
  });

  it('is tested step by step', async () => {
    await connect();
    const good = await drover.json('connection', 'test', 'lab');
    expect(good).toMatchObject({ ok: true, tests: [{ result: 'ok', pluginId: 'netskope.manage-url-list' }] });
    expect(good.tests[0].steps.length).toBeGreaterThan(0);
    await drover.run(['connection', 'update', 'lab', '--secret-stdin', 'apiV2Token'], {
      stdin: 'a-wrong-token',
    });
    const bad = await drover.run(['connection', 'test', 'lab']);
    expect(bad.exitCode).toBe(3);
    expect(bad.stdout).toContain('FAILED');
    expect(bad.stdout).not.toContain('a-wrong-token');
  });
});

describe('action run', () => {
  const config = ['--config', JSON.stringify({ urlListName: LIST })];

  beforeEach(async () => {
    await connect();
    await importHosts();
  });

  it('takes a slice, says how to go on, and the vendor holds it', async () => {
    const first = await drover.run([...RUN, ...config, '--objects-per-run', '10']);
    expect(first.stderr).not.toMatch(/^[A-Z_]+:/m);
    expect(first.exitCode).toBe(0);
    expect(first.stdout).toMatch(/succeeded +10\b/);
    expect(first.stdout).toContain('15 objects of the pass remain. Go on with:');
    expect(first.stdout).toContain(
      `drover action run 1 --collection iocs --connection lab --config '{"urlListName":"${LIST}"}' --objects-per-run 10`,
    );
    const second = await drover.run([...RUN, ...config, '--objects-per-run', '100', '--json']);
    expect(second.json).toMatchObject({
      status: 'succeeded',
      summary: { remaining: 0, counts: { succeeded: 15 } },
    });
    expect(await vendorCount()).toBe(HOSTS);
  });

  it('goes on until the pass is done', async () => {
    const { exitCode, json, stderr } = await drover.run([
      ...RUN,
      ...config,
      '--objects-per-run',
      '10',
      '--until-done',
      '--json',
    ]);
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      status: 'succeeded',
      remaining: 0,
      counts: { succeeded: HOSTS, deferred: 0 },
    });
    expect(json.runs).toHaveLength(3);
    expect(stderr).toContain('10 objects taken, 15 remain.');
    expect(await vendorCount()).toBe(HOSTS);
    const runs = await drover.json('run', 'list', '--action', '1');
    expect(runs.data).toHaveLength(3);
    expect(runs.data[0]).toMatchObject({ collection: 'iocs', connection: 'lab', status: 'succeeded' });
  });

  it('fails with the reason when the list does not exist', async () => {
    const { exitCode, stdout } = await drover.run([...RUN, '--set', 'urlListName=No such list']);
    expect(exitCode).toBe(3);
    expect(stdout).toContain(LIST);
  });

  it('refuses a wrong config, cap or trigger and an empty collection before any run', async () => {
    const wrong = await drover.run([...RUN, '--config', '{}']);
    expect(wrong).toMatchObject({ exitCode: 78 });
    expect(wrong.stderr).toContain('/urlListName');
    const stepless = await drover.run([...RUN, ...config, '--trigger', 'schedule']);
    expect(stepless).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--step') });
    const high = await drover.run([...RUN, ...config, '--objects-per-run', '300001']);
    expect(high).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('300000') });
    await drover.json('collection', 'create', 'empty');
    const empty = await drover.run([
      'action',
      'run',
      '1',
      '--collection',
      'empty',
      '--connection',
      'lab',
      ...config,
    ]);
    expect(empty).toMatchObject({ exitCode: 2 });
    expect((await drover.json('run', 'list')).data).toEqual([]);
  });

  it('offers new objects only to a scheduled step', async () => {
    const scheduled = [...RUN, ...config, '--trigger', 'schedule', '--step', 'nightly'];
    expect(await drover.json(...scheduled)).toMatchObject({ summary: { counts: { succeeded: HOSTS } } });
    const nothing = await drover.run(scheduled);
    expect(nothing.exitCode).toBe(0);
    expect(nothing.stdout).toContain('There is nothing new to offer; no run was started.');
  });

  it('exports what became of each object', async () => {
    const { id } = await drover.json(...RUN, ...config);
    const { stdout } = await drover.run(['run', 'export', id]);
    const outcomes = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(outcomes).toHaveLength(HOSTS);
    expect(outcomes[0]).toMatchObject({ status: 'succeeded', type: 'indicator', subtype: 'FQDN' });
    const csv = await drover.run(['run', 'export', id, '--format', 'csv', '--status', 'succeeded']);
    expect(csv.stdout.trimEnd().split('\r\n')).toHaveLength(HOSTS + 1);
    const shown = await drover.run(['run', 'show', id]);
    expect(shown.stdout).toMatch(/vendor calls +\d+/);
    const retried = await drover.run(['run', 'retry', id]);
    expect(retried).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('NOTHING_TO_RETRY') });
    const cancelled = await drover.run(['run', 'cancel', id]);
    expect(cancelled).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('RUN_ENDED') });
  });

  it('cancels gracefully at the first interrupt', async () => {
    const slow = await simulators.netskope.start({ rateLimit: false, latencyMs: 400 });
    try {
      await drover.json('connection', 'update', 'lab', '--set', `baseUrl=${slow.url}`);
      const interrupted = await drover.run([...RUN, ...config], {
        onInterruptible: (interrupt) => setTimeout(interrupt, 50),
      });
      expect(interrupted.stderr).toContain('Cancelling');
      expect(interrupted.exitCode).toBe(3);
      expect((await drover.json('run', 'list')).data[0]).toMatchObject({ status: 'cancelled' });
    } finally {
      await slow.close();
    }
  });

  it('stops at once at the second interrupt, and resumes', async () => {
    const slow = await simulators.netskope.start({ rateLimit: false, latencyMs: 3000 });
    try {
      await drover.json('connection', 'update', 'lab', '--set', `baseUrl=${slow.url}`);
      const stopped = await drover.run([...RUN, ...config], {
        onInterruptible: (interrupt) => {
          setTimeout(interrupt, 300);
          setTimeout(interrupt, 500);
        },
      });
      expect(stopped.exitCode).toBe(3);
      expect(stopped.stderr).toContain('INTERRUPTED');
      const [run] = (await drover.json('run', 'list')).data;
      expect(run.endedAt).toBeUndefined();
      await drover.json('connection', 'update', 'lab', '--set', `baseUrl=${simulator.url}`);
      const resumed = await drover.run(['run', 'resume', run.id]);
      expect(resumed.exitCode).toBe(3);
      expect(resumed.stdout).toContain('was cancelled');
    } finally {
      await slow.close();
    }
  });

  async function vendorCount(): Promise<number> {
    const state: any = await (await fetch(`${simulator.url}/__sim/state`)).json(); // oxlint-disable-line no-explicit-any -- the simulator's own
    const list = state.lists.find(({ name }: { name: string }) => name === LIST);
    return list.urls.length;
  }
});

it('doctor finds nothing wrong with a fresh folder', async () => {
  const { ok, checks } = await drover.json('doctor');
  expect(ok).toBe(true);
  expect(checks.map(({ check }: { check: string }) => check)).toEqual([
    'node',
    'data folder',
    'database',
    'encryption',
    'sandbox',
    'plugins',
    'executor',
  ]);
});

it('simulate serves until it is interrupted', async () => {
  let url = '';
  const simulated = await drover.run(['simulate', 'netskope', '--json'], {
    onInterruptible: (interrupt) => setTimeout(interrupt, 300),
  });
  ({ url } = simulated.json);
  expect(simulated.exitCode).toBe(0);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  await expect(fetch(url)).rejects.toThrow();
  expect(await drover.run(['simulate', 'acme'])).toMatchObject({ exitCode: 1 });
});
