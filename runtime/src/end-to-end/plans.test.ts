import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginManifest } from '@drover/model';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CommandLine } from './command-line.js';
import { LIST, NetskopeLab, packNetskope } from './netskope-lab.js';
import { VendorLab } from './vendor-lab.js';

const PLUGINS = fileURLToPath(new URL('../../../plugins/', import.meta.url));

interface Case {
  /** Of indicators; without it the values are identities. */
  subtype?: string;
  values: string[];
  config?: object;
  shows: string[];
}

/** What a plan of each plugin needs, and what it shows: one line for every plugin that there is. */
const CASES: Record<string, Case> = {
  'netskope.export-file-profile-hashes': {
    subtype: 'MD5',
    values: ['0f343b0931126a20f133d67c2b018a3b', 'd41d8cd98f00b204e9800998ecf8427e'],
    config: { fileProfileName: 'Known bad' },
    shows: ['execute POST updateFileHashList 1'],
  },
  'netskope.manage-url-list': {
    subtype: 'FQDN',
    values: ['a.example.com', 'b.example.com'],
    config: { urlListName: LIST, applyPendingChanges: true },
    shows: ['execute PATCH replaceUrls 1', 'finish POST deployUrlLists 1'],
  },
  'netskope.fetch-user-confidence-index-score': {
    subtype: 'Email Address',
    values: ['ada@example.com', 'bob@example.com'],
    shows: [],
  },
  'netskope.create-user-confidence-index-impact': {
    subtype: 'Email Address',
    values: ['ada@example.com', 'bob@example.com'],
    shows: ['execute POST createImpact 2'],
  },
  'okta.take-action': {
    values: ['ada@example.com', 'corp/edsger'],
    config: { action: 'deactivate', confirmDeactivate: true },
    shows: ['execute POST deactivateUser 2'],
  },
};

function manifests(): PluginManifest[] {
  const files = readdirSync(PLUGINS, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => /^[^/]+\/[^/]+\/plugin\.json$/.test(file))
    .map((file) => JSON.parse(readFileSync(join(PLUGINS, file), 'utf8')) as PluginManifest);
}

/** Of the requests so far, those that calls which write make. */
function writesIn(requests: unknown, { calls }: PluginManifest): string[] {
  const { recent } = requests as { recent: { method: string; path: string }[] };
  const writing = calls
    .filter(({ effect }) => effect !== 'read')
    .map(({ method, path }) => new RegExp(`^${method} ${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}(\\?|$)`));
  const sent = recent.map(({ method, path }) => `${method} ${path}`);
  return sent.filter((request) => writing.some((pattern) => pattern.test(request)));
}

describe('a plan of every plugin', () => {
  const all = manifests();
  let lab: VendorLab | undefined;
  afterEach(async () => {
    await lab?.close();
    lab = undefined;
  });

  it('has a case for each', () => {
    expect(all.map(({ id }) => id).sort()).toEqual(Object.keys(CASES).sort());
  });

  it.each(all)('$id: no write reaches the vendor', async (manifest) => {
    const { values, subtype, config = {}, shows } = CASES[manifest.id]!;
    lab = await VendorLab.open(manifest.id.split('.')[0]!);
    const { drover } = lab;
    await lab.importValues(
      values,
      subtype === undefined ? { type: 'identity' } : { type: 'indicator', subtype },
    );
    const before = await lab.simulated('state');
    const run = ['action', 'run', manifest.id, '--collection', 'objects', '--connection', 'lab'];
    const { exitCode, json, stderr } = await drover.run([
      ...run,
      '--config',
      JSON.stringify(config),
      '--plan',
      '--json',
    ]);
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(writesIn(await lab.simulated('requests'), manifest)).toEqual([]);
    expect(await lab.simulated('state')).toEqual(before);
    const { calls } = json.plan as {
      calls: { hook: string; method: string; call: string; requests: number }[];
    };
    expect(calls.map((one) => `${one.hook} ${one.method} ${one.call} ${one.requests}`)).toEqual(shows);
    expect(JSON.stringify(json)).not.toContain(lab.simulator.token);
    expect(json).toMatchObject({ mode: 'plan', status: 'succeeded', summary: { objects: values.length } });
  });
});

describe('a plan and its applying', () => {
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
    await lab.connect();
  });
  afterEach(() => lab.close());

  const RUN = ['action', 'run', 'netskope.manage-url-list', '--collection', 'iocs', '--connection', 'lab'];
  const CONFIG = ['--config', JSON.stringify({ urlListName: LIST, applyPendingChanges: true })];

  it('shows requests, objects and blast radius, changes nothing, and is done by run apply', async () => {
    await lab.importHosts(25);
    const plan = await drover.run([...RUN, ...CONFIG, '--objects-per-run', '20', '--plan']);
    expect(plan.exitCode).toBe(0);
    expect(plan.stdout).toMatch(/execute +PATCH replaceUrls +destructive +1 +20/);
    expect(plan.stdout).toContain(
      '! deployUrlLists: Applies the pending changes of all URL lists of the tenant',
    );
    expect(plan.stdout).toMatch(/PATCH \/api\/v2\/policy\/urllist\/\d+\/replace {2}\(covers 20 objects\)/);
    expect(plan.stdout).toContain('host0.example.com');
    const [, planId] = /drover run apply (run_\S+)/.exec(plan.stdout)!;
    expect(await lab.urlsAtVendor()).toBe(1);

    const shown = await drover.run(['run', 'show', planId!]);
    expect(shown.stdout).toContain(`drover run apply ${planId}`);
    const applied = await drover.run(['run', 'apply', planId!, '--json']);
    expect(applied.json).toMatchObject({
      mode: 'apply',
      planId,
      status: 'succeeded',
      summary: { counts: { succeeded: 20, deferred: 5 } },
    });
    expect(await lab.urlsAtVendor()).toBe(20);
    const manifest = manifests().find(({ id }) => id === 'netskope.manage-url-list')!;
    const requests = await (await fetch(`${lab.simulator.url}/__sim/requests`)).json();
    expect(writesIn(requests, manifest)).toHaveLength(2);
    const again = await drover.run(['run', 'apply', planId!]);
    expect(again).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('PLAN_STALE') });
    const rest = await drover.run([...RUN, ...CONFIG, '--json']);
    expect(rest.json).toMatchObject({ summary: { counts: { succeeded: 5 }, remaining: 0 } });
    expect(await lab.urlsAtVendor()).toBe(25);
  });

  it('refuses what makes no sense', async () => {
    await lab.importHosts(2);
    for (const flag of ['--restart', '--until-done']) {
      const refused = await drover.run([...RUN, ...CONFIG, '--plan', flag]);
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('INVALID_ARGUMENT') });
    }
    const direct = await drover.run([...RUN, ...CONFIG, '--json']);
    const refused = await drover.run(['run', 'apply', direct.json.id]);
    expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('PLAN_INCOMPLETE') });
  });
});
