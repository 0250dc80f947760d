import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findDroverPackage, moduleOf } from './drover-package.js';

describe('findDroverPackage', () => {
  let root: string;
  let home: string;
  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'drover-package-')));
    home = join(root, 'node_modules', '@drover', 'plugin-sdk');
    await mkdir(join(home, 'dist'), { recursive: true });
    await writeFile(join(home, 'package.json'), '{"name":"@drover/plugin-sdk","exports":"./dist/index.js"}');
    await writeFile(join(home, 'dist', 'index.js'), 'export {};\n');
  });
  afterEach(() => rm(root, { recursive: true }));

  const find = (): ReturnType<typeof findDroverPackage> =>
    findDroverPackage('@drover/plugin-sdk', pathToFileURL(join(root, 'importer.mjs')).href);

  it('takes what was compiled where the package is installed', () => {
    expect(find()).toEqual({ name: '@drover/plugin-sdk', root: home, modules: join(home, 'dist') });
  });

  it('takes the sources where they are at hand, whatever was compiled', async () => {
    await mkdir(join(home, 'src'));
    await writeFile(join(home, 'src', 'index.ts'), 'export {};\n');
    expect(find().modules).toBe(join(home, 'src'));
  });

  it('names the module of an import', () => {
    expect(moduleOf(find(), '@drover/plugin-sdk')).toBe(join(home, 'dist', 'index'));
    expect(moduleOf(find(), '@drover/plugin-sdk/serve')).toBe(join(home, 'dist', 'serve'));
  });

  it('says that a package is not installed', () => {
    const base = pathToFileURL(join(root, 'importer.mjs')).href;
    expect(() => findDroverPackage('@drover/none', base)).toThrow('@drover/none');
  });
});
