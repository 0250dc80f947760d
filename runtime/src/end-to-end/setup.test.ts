import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.js';
import { LIST, NetskopeLab, packNetskope } from './netskope-lab.js';

let bundle: Awaited<ReturnType<typeof packNetskope>>;
let lab: NetskopeLab;
let drover: CommandLine;

beforeAll(async () => {
  bundle = await packNetskope();
}, 60_000);
afterAll(() => bundle.close());
beforeEach(async () => {
  lab = await NetskopeLab.open(bundle.file);
  ({ drover } = lab);
});
afterEach(() => lab.close());

describe('plugin', () => {
  it('knows a bundle that is installed already, and shows what it may call', async () => {
    const again = await drover.run(['plugin', 'install', bundle.file]);
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain('is installed already; nothing changed.');
    const plugins = (await drover.json('plugin', 'list')) as unknown as unknown[];
    expect(plugins.slice(0, 4)).toMatchObject([
      { actionId: 1, pluginId: 'netskope.export-file-profile-hashes' },
      { actionId: 2, pluginId: 'netskope.manage-url-list', vendor: 'Netskope', kind: 'action' },
      { actionId: 3, pluginId: 'netskope.fetch-user-confidence-index-score' },
      { actionId: 4, pluginId: 'netskope.create-user-confidence-index-impact' },
    ]);
    const { stdout } = await drover.run(['plugin', 'show', 'netskope.manage-url-list']);
    expect(stdout).toContain('destructive');
  });

  it('verifies without installing', async () => {
    const other = await CommandLine.open();
    try {
      const { exitCode, json } = await other.run(['plugin', 'verify', bundle.file, '--json']);
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
      '2',
      '--set',
      `urlListName=${LIST}`,
      '--set',
      'clearOnManualRun=false',
    );
    expect(configured.defaults).toEqual({ urlListName: LIST, clearOnManualRun: false });
    expect((await drover.json('action', 'configure', '2', '--unset', 'clearOnManualRun')).defaults).toEqual({
      urlListName: LIST,
    });
    const wrong = await drover.run([
      'action',
      'configure',
      '2',
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
    for (const [flag, name, known] of [
      ['--remove-secret', 'apiV1Tokn', 'apiV1Token'],
      ['--unset', 'baseUrll', 'baseUrl'],
    ] as const) {
      const { exitCode, stderr } = await drover.run(['connection', 'update', 'lab', flag, name]);
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringContaining(`no "${name}" to take away with ${flag}`),
      ]);
      expect(stderr).toContain(known);
    }
    expect(await drover.json('connection', 'show', 'lab')).toMatchObject({ updatedAt: updated.updatedAt });
    for (const concurrency of ['0', 'two', '1001']) {
      const wrong = await drover.run(['connection', 'update', 'lab', '--concurrency', concurrency]);
      expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringContaining('whole number')]);
    }
    expect(await drover.json('connection', 'update', 'lab', '--concurrency', '3')).toMatchObject({
      concurrency: 3,
    });
    expect((await drover.run(['connection', 'show', 'lab'])).stdout).toMatch(/^concurrency +3$/m);
    const free = await drover.json('connection', 'update', 'lab', '--no-concurrency');
    expect(free).not.toHaveProperty('concurrency');
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

  it('keeps a secret out of everything that is printed and stored', async () => {
    const outcomes = [await lab.connect()];
    for (const argv of [
      ['connection', 'show', 'lab'],
      ['connection', 'list', '--json'],
      ['connection', 'test', 'lab', '--verbose'],
      ['doctor'],
      ['config', 'print'],
    ]) {
      outcomes.push(await drover.run(argv));
    }
    const { token } = lab.simulator;
    const stored = await readFile(join(drover.dataDir, 'drover.db'));
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(outcomes.map(({ stdout, stderr }) => stdout + stderr).join('\n')).not.toContain(token);
    expect(stored.includes(token)).toBe(false);
    expect(outcomes[1]!.stdout).toContain('apiV2Token: set');
  });

  it('has no variable that is misspelt and says nothing', async () => {
    const environment = { DROVER_WORKER_CONCURENCY: '3' };
    for (const argv of [
      ['config', 'print'],
      ['collection', 'list'],
    ]) {
      const { exitCode, stderr } = await drover.run(argv, { environment });
      expect([exitCode, stderr]).toEqual([
        0,
        expect.stringContaining('did you mean DROVER_WORKER_CONCURRENCY?'),
      ]);
    }
  });

  it('is tested step by step', async () => {
    await lab.connect();
    const good = await drover.json('connection', 'test', 'lab', '--action', 'netskope.manage-url-list');
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
    'queue',
    'rate limits',
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
