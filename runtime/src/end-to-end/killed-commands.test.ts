import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BuiltDrover, until } from './built-drover.js';
import { CommandLine } from './command-line.js';
import { packNetskope } from './netskope-lab.js';
import { countRows, hangAt, isHanging } from './slow-store.js';

const INDICATORS = fileURLToPath(new URL('../../../examples/threat-labs-iocs.csv', import.meta.url));

let bundle: Awaited<ReturnType<typeof packNetskope>>;
let drover: CommandLine;
let built: BuiltDrover;

beforeAll(async () => {
  bundle = await packNetskope();
}, 60_000);
afterAll(() => bundle.close());
beforeEach(async () => {
  drover = await CommandLine.open();
  built = BuiltDrover.beside(drover);
  await drover.json('collection', 'list');
});
afterEach(async () => {
  await built.close();
  await drover.close();
});

describe('an import that is killed', () => {
  it('has written whole batches, and the same command goes on', async () => {
    const { dataDir } = drover;
    const rows = (table: string) => countRows(dataDir, table);
    const command = ['objects', 'import', INDICATORS, '--collection', 'iocs', '--json'];
    const slow = hangAt(dataDir, 'insert on objects when new.seq = 2500');
    const doomed = built.start(command);
    await until(() => rows('objects') >= 2000, { what: 'the second batch' });
    await doomed.killed();
    slow.withdraw();
    for (const table of ['objects', 'collection_members', 'object_sources']) {
      expect([table, rows(table)]).toEqual([table, 2000]);
    }

    const again = await built.run(command);
    expect(again.exitCode).toBe(0);
    const { created, updated, unchanged, duplicates, rejectedCount } = again.json;
    expect({ created, updated, unchanged }).toEqual({ created: 4370, updated: 0, unchanged: 2000 });
    expect(created + unchanged + duplicates + rejectedCount).toBe(6379);
    expect(rows('collection_members')).toBe(6370);
    const third = await drover.json(...command.slice(0, -1));
    expect(third).toMatchObject({ created: 0, updated: 0, unchanged: 6370, duplicates });
  });
});

describe('an install that is killed', () => {
  it('has installed nothing, and the same command installs', async () => {
    const { dataDir } = drover;
    const command = ['plugin', 'install', bundle.file, '--json'];
    const slow = hangAt(dataDir, 'insert on plugins');
    const before = countRows(dataDir, 'counters');
    const doomed = built.start(command);
    await until(() => isHanging(dataDir), { what: 'the transaction of the install' });
    await doomed.killed();
    slow.withdraw();
    for (const table of ['bundles', 'plugins'])
      expect([table, countRows(dataDir, table)]).toEqual([table, 0]);
    expect(countRows(dataDir, 'counters')).toBe(before);

    const again = await built.run(command);
    expect(again).toMatchObject({ exitCode: 0, json: { result: 'installed' } });
    expect(again.json.plugins[0].actionId).toBe(1);
  });
});
