import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { goodBundle } from '@drover/testing';
import { extractBundle } from './extract-bundle.js';
import { bundleDigest } from './bundle-digest.js';

const zip = goodBundle();
const bundle = { zip, digest: bundleDigest(zip) };
const CODE = 'export {};\n';

describe('extractBundle', () => {
  let parent: string;
  beforeEach(async () => {
    parent = await realpath(await mkdtemp(join(tmpdir(), 'drover-extract-')));
  });
  afterEach(() => rm(parent, { recursive: true }));

  async function codeIn(folder: string): Promise<string> {
    return readFile(join(folder, 'code.mjs'), 'utf8');
  }

  it('writes the code, and nothing else, into a folder named by the digest', async () => {
    const folder = await extractBundle(bundle, join(parent, 'made', 'on', 'demand'));
    expect(folder).toBe(join(parent, 'made', 'on', 'demand', bundle.digest));
    expect(await readdir(folder)).toEqual(['code.mjs']);
    expect(await codeIn(folder)).toBe(CODE);
  });

  it('lets other users read it and nobody else write it, whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      const folder = await extractBundle(bundle, parent);
      expect((await stat(folder)).mode & 0o777).toBe(0o755);
      expect((await stat(join(folder, 'code.mjs'))).mode & 0o777).toBe(0o644);
    } finally {
      process.umask(before);
    }
  });

  it('leaves a folder alone that holds the same code', async () => {
    const folder = await extractBundle(bundle, parent);
    const first = await stat(join(folder, 'code.mjs'));
    await extractBundle(bundle, parent);
    expect((await stat(join(folder, 'code.mjs'))).ino).toBe(first.ino);
    expect(await readdir(parent)).toEqual([bundle.digest]);
  });

  it('replaces a folder whose code was changed', async () => {
    const folder = await extractBundle(bundle, parent);
    await writeFile(join(folder, 'code.mjs'), 'process.exit(1);\n');
    await writeFile(join(folder, 'more.mjs'), '');
    await extractBundle(bundle, parent);
    expect(await codeIn(folder)).toBe(CODE);
    expect(await readdir(folder)).toEqual(['code.mjs']);
    expect(await readdir(parent)).toEqual([bundle.digest]);
  });

  it('replaces a folder that is not finished', async () => {
    await mkdir(join(parent, bundle.digest));
    expect(await codeIn(await extractBundle(bundle, parent))).toBe(CODE);
  });

  it('comes to the same when done several times at once', async () => {
    const folders = await Promise.all(Array.from({ length: 8 }, () => extractBundle(bundle, parent)));
    expect(new Set(folders)).toEqual(new Set([join(parent, bundle.digest)]));
    expect(await codeIn(folders[0]!)).toBe(CODE);
    expect(await readdir(parent)).toEqual([bundle.digest]);
  });

  it('gives the real path below a linked folder', async () => {
    await mkdir(join(parent, 'real'));
    await symlink(join(parent, 'real'), join(parent, 'linked'));
    expect(await extractBundle(bundle, join(parent, 'linked'))).toBe(join(parent, 'real', bundle.digest));
  });

  it('refuses a zip that is not the one of the digest', async () => {
    const altered = Buffer.from(zip);
    altered[40]! ^= 1;
    await expect(extractBundle({ zip: altered, digest: bundle.digest }, parent)).rejects.toMatchObject({
      code: 'BUNDLE_FILE_ALTERED',
    });
    expect(await readdir(parent)).toEqual([]);
  });

  it('leaves nothing behind when it cannot write', async () => {
    const file = join(parent, 'file');
    await writeFile(file, '');
    await chmod(file, 0o400);
    await expect(extractBundle(bundle, file)).rejects.toThrow();
    expect(await readdir(parent)).toEqual(['file']);
  });
});
