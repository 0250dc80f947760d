import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FaultList } from '@drover/model';
import { extractBundle, readBundle } from '@drover/plugin-host';
import { goodBundleManifest, goodPluginManifest, vendorFiles, writeVendorFolder } from '@drover/testing';
import { bundleFileName, packBundle } from './pack-bundle.js';

describe('packBundle', () => {
  let root: string;
  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'drover-pack-')));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function vendor(changes: Record<string, string | undefined> = {}, name = 'acme'): Promise<string> {
    const folder = join(root, name);
    await writeVendorFolder(folder, changes);
    return folder;
  }

  it('packs a bundle that can be installed', async () => {
    const packed = await packBundle(
      await vendor({ 'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>' }),
    );
    expect(packed).toMatchObject({
      name: 'acme',
      version: '1.0.0',
      plugins: ['acme.tag-host', 'acme.untag-host'],
    });
    const verified = await readBundle(packed.zip, { droverVersion: '0.1.0' });
    expect(verified.digest).toBe(packed.digest);
    expect(verified.bundle).toEqual(goodBundleManifest());
    expect(verified.plugins).toEqual(['tag-host', 'untag-host'].map((name) => goodPluginManifest(name)));
  });

  it('writes the zip where it is told', async () => {
    const out = join(root, bundleFileName({ name: 'acme', version: '1.0.0' }));
    const { zip } = await packBundle(await vendor(), { out });
    expect(out).toMatch(/acme-1\.0\.0\.zip$/);
    expect((await readFile(out)).equals(zip)).toBe(true);
  });

  it('bundles code that serves its plugins over the host’s pipe', async () => {
    const packed = await packBundle(await vendor());
    const code = join(await extractBundle(packed, join(root, 'run')), 'code.mjs');
    const hello = await firstFrame(code);
    expect(JSON.stringify(hello)).toContain('acme.tag-host');
    expect(JSON.stringify(hello)).toContain('acme.untag-host');
  });

  it('bundles readable code without paths of the machine', async () => {
    const packed = await packBundle(await vendor());
    const code = await readFile(join(await extractBundle(packed, join(root, 'run')), 'code.mjs'), 'utf8');
    expect(code).toContain('// bundle:tag-host/src/index.ts');
    expect(code).toContain('// drover:@drover/plugin-sdk/serve.ts');
    expect(code).not.toContain(root);
    expect(code).not.toContain(process.cwd());
    expect(code).not.toContain('node_modules');
  });

  it('gives the same bytes in another folder, time zone, locale and checkout', async () => {
    const here = await packBundle(await vendor());
    const crlf = Object.fromEntries(
      Object.entries(vendorFiles()).map(([path, text]) => [path, text.replaceAll('\n', '\r\n')]),
    );
    const copy = await vendor(
      { ...crlf, 'tsconfig.json': '{"compilerOptions":{"target":"es5"}}' },
      'deeper/copy',
    );
    const there = await digestFromTokyo(copy);
    expect(there).toEqual({ offset: -540, digest: here.digest });
  });

  it('gives other bytes for other sources', async () => {
    const one = await packBundle(await vendor());
    const two = await packBundle(await vendor({ 'tag-host/src/tag.ts': "export const TAG = 'other';\n" }));
    expect(two.digest).not.toBe(one.digest);
  });

  async function problemsOf(folder: string): Promise<{ code: string; problems: string[] }> {
    const fault = await packBundle(folder).then(
      () => {
        throw new Error('It was packed.');
      },
      (thrown: FaultList) => thrown,
    );
    return { code: fault.code, problems: (fault.problems ?? []).map(({ path }) => path ?? '') };
  }

  it('reports everything that is wrong together, each with its place', async () => {
    const folder = await vendor({
      'bundle.json': JSON.stringify(goodBundleManifest({ version: '1.1.0' })),
      LICENSE: undefined,
      'icon.svg': '<svg/>',
      'icon.png': 'png',
      'tag-host/plugin.json': JSON.stringify(
        goodPluginManifest('tag-host', { id: 'acme.other', vendor: 'Other', protocol: 7, version: '2.0.0' }),
      ),
      'tag-host/src/index.ts': 'export default {;\n',
      'untag-host/plugin.json': '{',
      'untag-host/README.md': undefined,
      'untag-host/src/index.js': undefined,
    });
    expect(await problemsOf(folder)).toEqual({
      code: 'BUNDLE_SOURCE_INVALID',
      problems: [
        'LICENSE',
        'icon.png',
        'CHANGELOG.md',
        'tag-host/plugin.json#/id',
        'tag-host/plugin.json#/vendor',
        'tag-host/plugin.json#/protocol',
        'tag-host/plugin.json#/version',
        'untag-host/plugin.json',
        'untag-host/README.md',
        'untag-host/src/index.ts',
        'tag-host/src/index.ts:1:17',
      ],
    });
  });

  it('passes on what the manifest check says', async () => {
    const { calls: _, ...incomplete } = goodPluginManifest('tag-host');
    const folder = await vendor({ 'tag-host/plugin.json': JSON.stringify(incomplete) });
    const { code, problems } = await problemsOf(folder);
    expect(code).toBe('BUNDLE_SOURCE_INVALID');
    expect(problems).toEqual([expect.stringMatching(/^tag-host\/plugin\.json#/)]);
  });

  it('says that a folder is none', async () => {
    await expect(packBundle(join(root, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await writeFile(join(root, 'bundle.json'), '[]');
    expect((await problemsOf(root)).problems).toEqual(
      expect.arrayContaining(['CHANGELOG.md', 'LICENSE', expect.stringMatching(/^bundle\.json/)]),
    );
  });

  it('refuses a module without a default export', async () => {
    const folder = await vendor({ 'tag-host/src/index.ts': 'export const action = {};\n' });
    expect(await problemsOf(folder)).toEqual({
      code: 'BUNDLE_SOURCE_INVALID',
      problems: ['tag-host/src/index.ts'],
    });
  });

  it.each([
    [
      'node:fs',
      "import { readFileSync } from 'node:fs';\nexport const TAG = readFileSync('/etc/hostname', 'utf8');",
    ],
    ['a builtin by its old name', "import os from 'os';\nexport const TAG = os.hostname();"],
    ['require', "export const TAG = require('fs').name;"],
    ['a dynamic import', "export const TAG = await import('node:child_process');"],
    ['a npm package', "import got from 'got';\nexport const TAG = got;"],
    [
      'an inner module of the SDK',
      "import { servePlugins } from '@drover/plugin-sdk/serve';\nexport const TAG = servePlugins;",
    ],
    ['another package of Drover', "import { FAULTS } from '@drover/model';\nexport const TAG = FAULTS;"],
    ['another plugin', "export { TAG } from '../../untag-host/src/tag.js';"],
    [
      'a file outside of the folder',
      "import * as outside from '../../../../outside.js';\nexport const TAG = outside;",
    ],
    ['a file by its absolute path', "import * as outside from '/etc/passwd';\nexport const TAG = outside;"],
    ['a URL', "import * as remote from 'https://example.com/x.js';\nexport const TAG = remote;"],
  ])('refuses the import of %s', async (_what, source) => {
    const folder = await vendor({ 'tag-host/src/tag.ts': source });
    const line = source.split('\n').findIndex((text) => /import|require|from/.test(text)) + 1;
    expect(await problemsOf(folder)).toEqual({
      code: 'BUNDLE_IMPORT_REFUSED',
      problems: [expect.stringMatching(`^tag-host/src/tag\\.ts:${line}:\\d+$`)],
    });
  });

  it('lets the client import neither plugins nor packages', async () => {
    const folder = await vendor({
      'client/src/index.ts': "export { TAG as setTag } from '../../tag-host/src/tag.js';\nimport 'got';\n",
    });
    expect(await problemsOf(folder)).toEqual({
      code: 'BUNDLE_IMPORT_REFUSED',
      problems: ['client/src/index.ts:1:31', 'client/src/index.ts:2:8'],
    });
  });

  it('reaches the client by path, by name and by a module of it', async () => {
    const folder = await vendor({
      'client/src/paths.ts': "export const TAG = 'by-client';\n",
      'tag-host/src/tag.ts': "export { TAG } from '@example/acme-client/paths';\n",
      'untag-host/src/tag.js': "export { TAG } from '../../client/src/paths.js';\n",
    });
    await expect(packBundle(folder)).resolves.toMatchObject({ name: 'acme' });
  });

  it('ignores imports of types', async () => {
    const folder = await vendor({
      'tag-host/src/tag.ts':
        "import type { Stats } from 'node:fs';\nexport const TAG = 'x' satisfies Stats | string;\n",
    });
    await expect(packBundle(folder)).resolves.toMatchObject({ name: 'acme' });
  });

  it('refuses a module that a link brings in from outside', async () => {
    const folder = await vendor({ 'tag-host/src/tag.ts': undefined });
    await writeFile(join(root, 'tag.ts'), "export const TAG = 'outside';\n");
    await symlink(join(root, 'tag.ts'), join(folder, 'tag-host/src/tag.ts'));
    expect(await problemsOf(folder)).toEqual({
      code: 'BUNDLE_SOURCE_INVALID',
      problems: ['tag-host/src/index.ts:3:21'],
    });
  });
});

/** Packs in a process of its own, in another time zone and locale. */
async function digestFromTokyo(folder: string): Promise<unknown> {
  const script = `
    import { packBundle } from '@drover/plugin-kit';
    const { digest } = await packBundle(process.argv[1]);
    const offset = new Date(1980, 0, 1).getTimezoneOffset();
    console.log(JSON.stringify({ offset, digest }));`;
  const hooks = new URL('../test-support/source-hooks.mjs', import.meta.url).href;
  const options = { env: { TZ: 'Asia/Tokyo', LC_ALL: 'tr_TR.UTF-8' }, cwd: tmpdir() };
  const args = ['--import', hooks, '--input-type=module', '--eval', script, folder];
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  return JSON.parse(stdout);
}

/** What the code of a bundle says first when it is started as the host starts it. */
async function firstFrame(code: string): Promise<unknown> {
  const child = spawn(process.execPath, [code], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  const pipe = child.stdio[3]!;
  try {
    let received = Buffer.alloc(0);
    for await (const chunk of pipe as AsyncIterable<Buffer>) {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
        return JSON.parse(received.subarray(4, 4 + received.readUInt32BE(0)).toString('utf8'));
      }
    }
    throw new Error('The bundle said nothing.');
  } finally {
    child.kill();
  }
}
