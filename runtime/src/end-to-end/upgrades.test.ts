import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { BundleManifest, PluginManifest } from '@drover/model';
import { copySources } from './copy-sources.js';
import type { CommandLine } from './command-line.js';
import { describeGrounds } from './describe-grounds.js';
import type { Ground } from './grounds.js';
import { NetskopeLab, packNetskope } from './netskope-lab.js';

const BUNDLE = fileURLToPath(new URL('../../../plugins/netskope', import.meta.url));
const FEED = ['--plugin', 'netskope.scim-fetch-users', '--connection', 'lab', '--every', '1h'];

let bundle: Awaited<ReturnType<typeof packNetskope>>;
beforeAll(async () => {
  bundle = await packNetskope();
}, 60_000);
afterAll(() => bundle.close());

interface Changes {
  manage?(manifest: PluginManifest): void;
  fetchUsers?(manifest: PluginManifest): void;
  bundle?(manifest: BundleManifest): void;
}

/** Packs the bundle as version 1.1.0, changed; those of its plugins that change are 1.1.0 too. */
async function packNext(drover: CommandLine, changes: Changes): Promise<string> {
  const source = join(drover.folder, 'netskope');
  await rm(source, { recursive: true, force: true });
  await copySources(BUNDLE, source);
  const edit = async <T>(file: string, change: (document: T) => void): Promise<void> => {
    const path = join(source, file);
    const document = JSON.parse(await readFile(path, 'utf8')) as T;
    change(document);
    await writeFile(path, JSON.stringify(document));
  };
  const next = (document: { version: string }): void => void (document.version = '1.1.0');
  await edit<BundleManifest>('bundle.json', (manifest) => {
    next(manifest);
    changes.bundle?.(manifest);
  });
  for (const [folder, change] of [
    ['manage-url-list', changes.manage],
    ['scim-fetch-users', changes.fetchUsers],
  ] as const) {
    if (change === undefined) continue;
    await edit<{ version: string }>(`${folder}/package.json`, next);
    await edit<PluginManifest>(`${folder}/plugin.json`, (manifest) => {
      next(manifest);
      change(manifest);
    });
  }
  const log = join(source, 'CHANGELOG.md');
  await writeFile(log, (await readFile(log, 'utf8')).replace('\n## ', '\n## 1.1.0\n\n- Next.\n\n## '));
  const zip = join(drover.folder, 'next.zip');
  await drover.json('plugin', 'pack', source, '--output', zip);
  return zip;
}

function propertiesOf({ config }: PluginManifest): Record<string, object> {
  return config.properties as Record<string, object>;
}

/** The name of the list is called otherwise, and a setting with a default is new. */
function renamed(manifest: PluginManifest): void {
  const properties = propertiesOf(manifest);
  properties.listName = properties.urlListName!;
  delete properties.urlListName;
  Object.assign(manifest.config, { required: ['listName'] });
  manifest.limits.exclusiveBy = ['connection', '/listName'];
  properties.quick = { type: 'boolean', title: 'Quick', description: 'Goes quicker.', default: true };
}

function describeUpgrades(ground: Ground): void {
  let lab: NetskopeLab;
  let drover: CommandLine;
  beforeEach(async () => {
    lab = await NetskopeLab.open(bundle.file, { ground });
    ({ drover } = lab);
    await lab.connect();
  });
  afterEach(() => lab.close());

  async function configured(): Promise<{ version: string; defaults: object; setAside: object }> {
    const { version, defaults, setAside } = await drover.json('action', 'show', '2');
    return { version, defaults, setAside };
  }

  it('keep what was configured, set aside what does not fit, and give it back on the way back', async () => {
    const config = { urlListName: 'blocked', applyPendingChanges: true };
    await drover.json('action', 'configure', '2', '--config', JSON.stringify(config));
    const next = await packNext(drover, { manage: renamed });
    expect((await drover.run(['plugin', 'install', next])).stderr).toContain('drover plugin upgrade FILE');

    const shown = await drover.run(['plugin', 'upgrade', next, '--dry-run']);
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout).toMatch(/ 2 +netskope\.manage-url-list +1\.0\.0 +1\.1\.0/);
    expect(shown.stdout).toContain('+ /config/properties/quick: {"type":"boolean","default":true}');
    expect(shown.stdout).toContain('~ /config/required: ["urlListName"] -> ["listName"]');
    expect(shown.stdout).toContain('"urlListName" does not fit this version and is set aside');
    expect(await configured()).toEqual({ version: '1.0.0', defaults: config, setAside: {} });

    const unasked = await drover.run(['plugin', 'upgrade', next, '--json']);
    expect([unasked.exitCode, unasked.stderr]).toEqual([4, expect.stringContaining('CONFIRMATION_NEEDED')]);
    expect((await configured()).version).toBe('1.0.0');

    expect(await drover.json('plugin', 'upgrade', next, '--yes')).toMatchObject({ result: 'upgraded' });
    expect(await configured()).toEqual({
      version: '1.1.0',
      defaults: { applyPendingChanges: true },
      setAside: { urlListName: 'blocked' },
    });
    expect(await drover.json('plugin', 'upgrade', next, '--yes')).toMatchObject({ result: 'already' });

    expect(await drover.json('plugin', 'rollback', 'netskope', '--yes')).toMatchObject({ version: '1.0.0' });
    expect(await configured()).toEqual({ version: '1.0.0', defaults: config, setAside: {} });
  });

  it('go on with feeds as they are set, with what is new filled in', async () => {
    await drover.json('feed', 'create', 'users', ...FEED, '--config', '{"onlyActive":true}');
    const next = await packNext(drover, {
      fetchUsers: (manifest) => {
        propertiesOf(manifest).quick = {
          type: 'boolean',
          title: 'Quick',
          description: 'Goes quicker.',
          default: true,
        };
      },
    });
    await drover.json('plugin', 'upgrade', next, '--yes');
    expect(await drover.json('feed', 'show', 'users')).toMatchObject({
      config: { onlyActive: true, quick: true },
    });
  });

  it('are refused where a feed is set to what they do not take, and where a plugin is gone', async () => {
    await drover.json('feed', 'create', 'users', ...FEED, '--config', '{"onlyActive":true}');
    const before = await drover.json('plugin', 'list');
    const narrower = await packNext(drover, {
      fetchUsers: (manifest) => void delete propertiesOf(manifest).onlyActive,
    });
    const refused = await drover.run(['plugin', 'upgrade', narrower, '--yes', '--json']);
    expect(refused.exitCode).toBe(4);
    expect(JSON.parse(refused.stderr).error).toMatchObject({
      code: 'UPGRADE_REFUSED',
      problems: [{ path: '/feeds/users/onlyActive' }],
    });

    const less = await packNext(drover, {
      bundle: (manifest) => void manifest.plugins.splice(manifest.plugins.indexOf('allow-anomaly'), 1),
    });
    const lost = await drover.run(['plugin', 'upgrade', less, '--yes']);
    expect([lost.exitCode, lost.stderr]).toEqual([
      4,
      expect.stringContaining('The new version is without netskope.allow-anomaly, which is action 16.'),
    ]);
    expect(await drover.json('plugin', 'list')).toEqual(before);
    expect((await drover.run(['plugin', 'rollback', 'netskope', '--yes'])).stderr).toContain('NOT_FOUND');
  });

  it('name the connections that have to be set before they are used again', async () => {
    const wantsTenant = (manifest: PluginManifest): void => {
      const { schema } = manifest.connection;
      const properties = schema.properties as Record<string, object>;
      properties.tenantName = {
        type: 'string',
        title: 'Tenant',
        description: 'Which.',
        minLength: 1,
        maxLength: 50,
      };
      Object.assign(schema, { required: ['baseUrl', 'tenantName'] });
    };
    const next = await packNext(drover, { manage: wantsTenant });
    expect(await drover.json('plugin', 'upgrade', next, '--dry-run')).toMatchObject({
      connections: [{ name: 'lab', problems: [{ code: 'PROPERTY_MISSING', path: '/tenantName' }] }],
    });
  });
}

describeGrounds(describeUpgrades);
