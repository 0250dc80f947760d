import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { PluginLibrary, UpgradeSteps, VerifiedBundle } from '@drover/engine';
import { goodBundle, goodBundleManifest, goodPluginManifest } from '../bundles/good-bundle.js';

/** A bundle as it comes out of `readBundle`, with these folders as its plugins. */
function verifiedBundle(folders: string[], version = '1.0.0', name = 'acme'): VerifiedBundle {
  const bundle = goodBundleManifest({ name, version, plugins: folders });
  const plugins = folders.map((folder) => goodPluginManifest(folder, { id: `${name}.${folder}`, version }));
  const zip = goodBundle({ bundle, plugins });
  return { digest: createHash('sha256').update(zip).digest('hex'), zip, bundle, plugins };
}

/** What every `PluginLibrary` does. `open` gives an empty one for each test and is asked before each. */
export function describePluginLibraryContract(open: () => Promise<PluginLibrary>): void {
  describe('plugin library contract', () => {
    let library: PluginLibrary;
    beforeEach(async () => {
      library = await open();
    });

    describeInstall(() => library);
    describeRefusals(() => library);
    describeUpgrades(() => library);
    describeLookups(() => library);
  });
}

function describeInstall(library: () => PluginLibrary): void {
  it('gives action IDs from 1 in the order of the bundle', async () => {
    const bundle = verifiedBundle(['untag-host', 'tag-host']);
    expect(await library().install(bundle)).toEqual({
      bundle: 'acme',
      version: '1.0.0',
      digest: bundle.digest,
      result: 'installed',
      plugins: [
        { actionId: 1, pluginId: 'acme.untag-host', version: '1.0.0', name: 'Acme untag-host' },
        { actionId: 2, pluginId: 'acme.tag-host', version: '1.0.0', name: 'Acme tag-host' },
      ],
    });
  });

  it('goes on counting with the next bundle', async () => {
    await library().install(verifiedBundle(['tag-host', 'untag-host']));
    const second = await library().install(verifiedBundle(['block-url'], '2.0.0', 'umbrella'));
    expect(second.plugins.map((plugin) => plugin.actionId)).toEqual([3]);
  });

  it('says so when the same digest is installed, and changes nothing', async () => {
    const bundle = verifiedBundle(['tag-host', 'untag-host']);
    const first = await library().install(bundle);
    await library().setDefaults('acme.tag-host', { tag: 'kept' });
    const before = await library().list();
    expect(await library().install(bundle)).toEqual({ ...first, result: 'already' });
    expect(await library().list()).toEqual(before);
    const next = await library().install(verifiedBundle(['block-url'], '1.0.0', 'umbrella'));
    expect(next.plugins[0]!.actionId).toBe(3);
  });

  it('installs a bundle once when it is asked for twice at the same time', async () => {
    const bundle = verifiedBundle(['tag-host', 'untag-host']);
    const reports = await Promise.all([library().install(bundle), library().install(bundle)]);
    expect(reports.map((report) => report.result).toSorted()).toEqual(['already', 'installed']);
    expect(reports[0]!.plugins).toEqual(reports[1]!.plugins);
    expect(await library().list()).toHaveLength(2);
  });

  it('gives every plugin an ID of its own when bundles are installed at the same time', async () => {
    const names = ['alpha', 'beta', 'gamma', 'delta'];
    await Promise.all(names.map((name) => library().install(verifiedBundle(['one', 'two'], '1.0.0', name))));
    const ids = (await library().list()).map((plugin) => plugin.actionId);
    expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
}

function describeRefusals(library: () => PluginLibrary): void {
  it.each([
    ['another version of it', ['tag-host', 'untag-host'], '1.0.1', 'acme'],
    ['one that has only part of its plugins', ['tag-host'], '1.0.0', 'acme'],
    ['one that adds a plugin', ['tag-host', 'untag-host', 'list-hosts'], '1.1.0', 'acme'],
    ['one of the same name with other plugins', ['list-hosts'], '2.0.0', 'acme'],
  ])('refuses, beside an installed bundle, %s', async (_what, folders, version, name) => {
    const installed = verifiedBundle(['tag-host', 'untag-host']);
    await library().install(installed);
    const before = await library().list();
    const other = verifiedBundle(folders, version, name);
    await expect(library().install(other)).rejects.toMatchObject({ code: 'ALREADY_INSTALLED' });
    expect(await library().list()).toEqual(before);
    expect(await library().readBundle(other.digest)).toBeUndefined();
  });

  it('uses no action ID up for a refused bundle', async () => {
    await library().install(verifiedBundle(['tag-host']));
    await expect(library().install(verifiedBundle(['tag-host'], '1.0.1'))).rejects.toMatchObject({
      code: 'ALREADY_INSTALLED',
    });
    const next = await library().install(verifiedBundle(['block-url'], '1.0.0', 'umbrella'));
    expect(next.plugins[0]!.actionId).toBe(2);
  });

  it('keeps nothing of a bundle of which one plugin cannot be stored', async () => {
    const bundle = verifiedBundle(['tag-host', 'untag-host']);
    const broken = { ...bundle, plugins: [bundle.plugins[0]!, bundle.plugins[0]!] };
    await expect(library().install(broken)).rejects.toThrow();
    expect(await library().list()).toEqual([]);
    expect(await library().readBundle(bundle.digest)).toBeUndefined();
    const report = await library().install(bundle);
    expect(report.plugins.map((plugin) => plugin.actionId)).toEqual([1, 2]);
  });

  it('refuses defaults for a plugin that is not installed', async () => {
    await expect(library().setDefaults('acme.tag-host', {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
}

function describeUpgrades(library: () => PluginLibrary): void {
  const first = verifiedBundle(['tag-host', 'untag-host']);
  const second = verifiedBundle(['untag-host', 'tag-host', 'list-hosts'], '1.1.0');
  const UNCONFIGURED = { before: {}, after: {}, setAside: {} };

  function stepsTo({ tagHost = UNCONFIGURED }: { tagHost?: typeof UNCONFIGURED } = {}): UpgradeSteps {
    const defaults = new Map([
      ['acme.tag-host', tagHost],
      ['acme.untag-host', UNCONFIGURED],
    ]);
    return { from: first.digest, defaults, feeds: new Map() };
  }

  it('puts a version in the place of another with the action IDs and the defaults that it is given', async () => {
    await library().install(first);
    await library().install(verifiedBundle(['block-url'], '1.0.0', 'umbrella'));
    await library().setDefaults('acme.tag-host', { tag: 'old', note: 'kept' });
    const tagHost = {
      before: { tag: 'old', note: 'kept' },
      after: { note: 'kept' },
      setAside: { tag: 'old' },
    };
    const report = await library().upgrade(second, stepsTo({ tagHost }));
    expect(report).toMatchObject({ bundle: 'acme', version: '1.1.0', result: 'upgraded' });
    const found = (await library().list()).filter(({ pluginId }) => pluginId.startsWith('acme.'));
    expect(found).toMatchObject([
      { actionId: 1, pluginId: 'acme.tag-host', defaults: { note: 'kept' }, setAside: { tag: 'old' } },
      { actionId: 2, pluginId: 'acme.untag-host', defaults: {}, setAside: {} },
      { actionId: 4, pluginId: 'acme.list-hosts', defaults: {}, setAside: {} },
    ]);
    for (const { version, bundleDigest, manifest } of found)
      expect([version, bundleDigest, manifest.version]).toEqual(['1.1.0', second.digest, '1.1.0']);
  });

  it('still has the version before, its manifest and its zip', async () => {
    await library().install(first);
    await library().upgrade(second, stepsTo());
    expect(await library().findVersion('acme.tag-host', first.digest)).toEqual({
      pluginId: 'acme.tag-host',
      version: '1.0.0',
      bundleDigest: first.digest,
      manifest: first.plugins[0],
    });
    expect(await library().findVersion('acme.tag-host', second.digest)).toMatchObject({ version: '1.1.0' });
    expect(await library().findVersion('acme.list-hosts', first.digest)).toBeUndefined();
    expect((await library().readBundle(first.digest))!.equals(first.zip)).toBe(true);
  });

  it('knows which version was in force before, also after it was gone back to', async () => {
    await library().install(first);
    expect(await library().previous('acme')).toBeUndefined();
    await library().upgrade(second, stepsTo());
    expect(await library().previous('acme')).toBe(first.digest);
    const third = verifiedBundle(['tag-host', 'untag-host', 'list-hosts'], '1.2.0');
    const defaults = new Map(second.plugins.map(({ id }) => [id, UNCONFIGURED]));
    await library().upgrade(third, { from: second.digest, defaults, feeds: new Map() });
    expect(await library().previous('acme')).toBe(second.digest);
    await library().upgrade(second, { from: third.digest, defaults, feeds: new Map() });
    expect(await library().previous('acme')).toBe(third.digest);
  });

  it.each<[string, (library: PluginLibrary) => Promise<unknown>, UpgradeSteps]>([
    ['a plugin was configured', (now) => now.setDefaults('acme.untag-host', { tag: 'new' }), stepsTo()],
    ['another version is in force', (now) => now.upgrade(second, stepsTo()), stepsTo()],
    [
      'a feed is set to something else',
      async () => undefined,
      { ...stepsTo(), feeds: new Map([['feed_1', { before: {}, after: {} }]]) },
    ],
  ])('changes nothing when %s meanwhile', async (_what, meddle, steps) => {
    await library().install(first);
    await meddle(library());
    const before = await library().list();
    const other = verifiedBundle(['tag-host', 'untag-host'], '2.0.0');
    await expect(library().upgrade(other, steps)).rejects.toMatchObject({ code: 'UPGRADE_REFUSED' });
    expect(await library().list()).toEqual(before);
    expect(await library().readBundle(other.digest)).toBeUndefined();
  });
}

function describeLookups(library: () => PluginLibrary): void {
  it('finds a plugin by its action ID and by its text id', async () => {
    const bundle = verifiedBundle(['tag-host', 'untag-host']);
    await library().install(bundle);
    const found = await library().find('acme.untag-host');
    expect(found).toMatchObject({
      actionId: 2,
      pluginId: 'acme.untag-host',
      version: '1.0.0',
      bundleDigest: bundle.digest,
      manifest: bundle.plugins[1],
      defaults: {},
    });
    expect(Date.parse(found!.installedAt)).not.toBeNaN();
    expect(await library().find('2')).toEqual(found);
  });

  it('finds nothing under a ref that no plugin has', async () => {
    await library().install(verifiedBundle(['tag-host', 'untag-host']));
    const refs = ['3', '0', '99999999999999999999', 'acme.none', '', '2 ', '2.0', '-1'];
    const found = await Promise.all(refs.map((ref) => library().find(ref)));
    expect(found).toEqual(refs.map(() => undefined));
  });

  it('keeps the defaults of each plugin apart', async () => {
    await library().install(verifiedBundle(['tag-host', 'untag-host']));
    await library().setDefaults('acme.tag-host', { tag: 'ünïcode', deep: { list: [1, null, true] } });
    expect((await library().list()).map((plugin) => plugin.defaults)).toEqual([
      { tag: 'ünïcode', deep: { list: [1, null, true] } },
      {},
    ]);
  });

  it('gives back the very bytes of the zip', async () => {
    const bundle = verifiedBundle(['tag-host']);
    await library().install(bundle);
    const zip = await library().readBundle(bundle.digest);
    expect(Buffer.isBuffer(zip)).toBe(true);
    expect(zip!.equals(bundle.zip)).toBe(true);
    expect(await library().readBundle('0'.repeat(64))).toBeUndefined();
  });
}
