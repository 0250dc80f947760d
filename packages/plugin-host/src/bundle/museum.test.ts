import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FAULTS } from '@drover/model';
import { type Database, KyselyPluginLibrary, migrate, openSqlite } from '@drover/store';
import { brokenBundle, type BrokenBundleRecipe, goodBundle } from '@drover/testing';
import { extractBundle } from './extract-bundle.js';
import { readBundle } from './read-bundle.js';

const MUSEUM = new URL('../../museum/', import.meta.url);
const DROVER_VERSION = '0.1.0';

const defects = await readdir(MUSEUM);

async function recipeOf(defect: string): Promise<BrokenBundleRecipe> {
  return JSON.parse(await readFile(new URL(`${defect}/recipe.json`, MUSEUM), 'utf8')) as BrokenBundleRecipe;
}

describe('the museum of broken bundles', () => {
  let database: Database;
  let library: KyselyPluginLibrary;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-museum-'));
    database = openSqlite(':memory:');
    await migrate(database);
    library = new KyselyPluginLibrary(database);
  });
  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true });
  });

  async function install(zip: Buffer): Promise<string> {
    const bundle = await readBundle(zip, { droverVersion: DROVER_VERSION });
    await library.install(bundle);
    return extractBundle(bundle, folder);
  }

  describe('refuses', () => {
    it.each(defects)('%s', async (defect) => {
      const recipe = await recipeOf(defect);
      const refusal = await install(brokenBundle(recipe)).then(
        () => 'nothing was refused',
        (fault: { code?: string }) => fault.code,
      );
      expect(refusal).toBe(recipe.code);
      expect(FAULTS).toHaveProperty(recipe.code);
      expect(await library.list()).toEqual([]);
      expect(await database.kysely.selectFrom('bundles').select('digest').execute()).toEqual([]);
      expect(await database.kysely.selectFrom('counters').selectAll().execute()).toEqual([]);
      expect(await readdir(folder)).toEqual([]);
    });
  });

  it('shows every way in which a bundle can be refused', async () => {
    const shown = new Set(await Promise.all(defects.map(async (defect) => (await recipeOf(defect)).code)));
    const codes = Object.keys(FAULTS).filter((code) => code.startsWith('BUNDLE_'));
    const ofPacking = ['BUNDLE_SOURCE_INVALID', 'BUNDLE_IMPORT_REFUSED'];
    expect(codes.filter((code) => !shown.has(code) && !ofPacking.includes(code))).toEqual([]);
  });

  it('installs the bundle that its pieces are made from', async () => {
    await install(goodBundle());
    expect(await readdir(folder)).toHaveLength(1);
    expect((await library.list()).map((plugin) => plugin.pluginId)).toEqual([
      'acme.tag-host',
      'acme.untag-host',
    ]);
  });
});
