import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectBalanced, readBooks } from './run-books.js';
import { CONNECTION, LISTS, RUN_ALL, runAll, SiteTemplate, type TenantSite, TOKEN } from './tenant-site.js';

/** What a newcomer gets wrong, each with its exit code and what it says. Nothing of it starts a run or changes a thing. */
interface Mistake {
  name: string;
  argv: string[];
  exitCode: number;
  says: (string | RegExp)[];
}

let template: SiteTemplate;
let site: TenantSite;

beforeAll(async () => {
  template = await SiteTemplate.make({ batchObjects: 5_000 });
  site = await template.open();
  await site.drover.json('collection', 'create', 'empty');
}, 60_000);
afterAll(async () => {
  await site.close();
  await template.close();
});

const RUN_WITH = (...rest: string[]) => [...RUN_ALL.slice(0, 7), ...rest];
const LIST = ['--set', `urlListName=${LISTS[0]}`];
const CREATE = [
  'connection',
  'create',
  'other',
  '--vendor',
  'Netskope',
  '--set',
  'baseUrl=https://t.example.com',
];

const MISTAKES: Mistake[] = [
  {
    name: 'an action ID that is not there',
    argv: ['action', 'run', '999', ...RUN_ALL.slice(3)],
    exitCode: 1,
    says: [/^NOT_FOUND: There is no action "999"/, 'netskope.manage-url-list'],
  },
  {
    name: 'a connection that is not there',
    argv: RUN_ALL.map((word) => (word === CONNECTION ? 'prod' : word)),
    exitCode: 1,
    says: [/^NOT_FOUND: There is no connection "prod"/, 'drover connection list'],
  },
  {
    name: 'an object that is not there',
    argv: ['objects', 'show', 'nowhere.example.com'],
    exitCode: 1,
    says: [/^NOT_FOUND: There is no object "nowhere\.example\.com"/, 'drover objects list'],
  },
  {
    name: 'a collection that is not there',
    argv: runAll({ collection: 'iosc' }),
    exitCode: 1,
    says: [/^NOT_FOUND: There is no collection "iosc"/, 'drover collection list'],
  },
  {
    name: 'an empty collection',
    argv: runAll({ collection: 'empty' }),
    exitCode: 2,
    says: [/^NOTHING_ACCEPTED: Collection "empty" is empty\./],
  },
  {
    name: 'a config that does not fit',
    argv: RUN_WITH('--config', '{"clearOnManualRun": "yes", "colour": 1}'),
    exitCode: 78,
    says: [/^CONFIG_INVALID: /, '/urlListName', '/clearOnManualRun', '/colour'],
  },
  {
    name: 'a config that is no JSON',
    argv: RUN_WITH('--config', '{urlListName: Blocked}'),
    exitCode: 1,
    says: [/^INVALID_ARGUMENT: --config is not JSON/],
  },
  {
    name: 'a cap of 0',
    argv: RUN_WITH(...LIST, '--objects-per-run', '0'),
    exitCode: 1,
    says: ['--objects-per-run', 'whole number from 1'],
  },
  {
    name: 'a cap above the action’s',
    argv: RUN_WITH(...LIST, '--objects-per-run', '300001'),
    exitCode: 1,
    says: [/^INVALID_ARGUMENT: .*300000/],
  },
  {
    name: 'a secret on the command line',
    argv: [...CREATE, '--set', 'apiV2Token=hunter2hunter2'],
    exitCode: 1,
    says: [/^SECRET_IN_ARGV: /, '--secret-stdin apiV2Token'],
  },
  {
    name: 'a secret that must be typed where nobody can type',
    argv: [...CREATE, '--secret', 'apiV2Token'],
    exitCode: 1,
    says: [/^SECRET_NEEDS_TERMINAL: /, '--secret-stdin'],
  },
  {
    name: 'a base URL that would send the token in the clear',
    argv: [...CREATE, '--set', 'baseUrl=http://tenant.example.com', '--secret', 'apiV2Token=env:TOKEN'],
    exitCode: 4,
    says: [/^BASE_URL_INSECURE: /, 'https'],
  },
  {
    name: 'a file that is not there',
    argv: ['objects', 'import', 'nowhere.csv', '--collection', 'iocs'],
    exitCode: 1,
    says: [/^FILE_UNREADABLE: Cannot read nowhere\.csv: there is no such file\./],
  },
  {
    name: 'a zip to import',
    argv: ['objects', 'import', '{zip}', '--collection', 'iocs'],
    exitCode: 3,
    says: [/^IMPORT_NOT_TEXT: /],
  },
  {
    name: 'an output that cannot be written',
    argv: ['objects', 'export', '--output', '{folder}/nowhere/objects.jsonl'],
    exitCode: 1,
    says: [/^FILE_UNWRITABLE: Cannot write .*objects\.jsonl: its folder does not exist\./],
  },
  {
    name: 'a folder to write a bundle to',
    argv: ['plugin', 'pack', '{source}', '--output', '{folder}'],
    exitCode: 1,
    says: [/^FILE_UNWRITABLE: Cannot write .*: it is a folder\./],
  },
  {
    name: 'a data folder that cannot be made',
    argv: ['run', 'list', '--data-dir', '/proc/drover'],
    exitCode: 78,
    says: [/^DATA_DIR_UNUSABLE: The data folder \/proc\/drover /],
  },
  {
    name: 'a data folder that is a file',
    argv: ['run', 'list', '--data-dir', '{zip}'],
    exitCode: 78,
    says: [/^DATA_DIR_UNUSABLE: /],
  },
  {
    name: 'half a bundle',
    argv: ['plugin', 'install', '{folder}/half.zip'],
    exitCode: 4,
    says: [/^BUNDLE_UNREADABLE: The bundle is not a readable zip: .*[^.]\.$/m],
  },
  {
    name: 'a folder without a bundle',
    argv: ['plugin', 'pack', '{folder}'],
    exitCode: 3,
    says: [/^BUNDLE_SOURCE_INVALID: /, 'bundle.json'],
  },
  {
    name: 'a vendor that nobody simulates',
    argv: ['simulate', 'netscope'],
    exitCode: 1,
    says: [/^SIMULATOR_UNKNOWN: .*netskope/],
  },
  {
    name: 'a word too many',
    argv: ['plugin', 'instal', 'netskope.zip'],
    exitCode: 1,
    says: ['Did you mean install?'],
  },
];

describe('a mistake is told with what to do, and nothing happens', () => {
  let before: unknown;
  const everything = async () =>
    Promise.all(
      [['run'], ['connection'], ['collection'], ['plugin']].map(([noun]) => site.drover.json(noun!, 'list')),
    );

  beforeAll(async () => {
    await writeFile(join(site.drover.folder, 'half.zip'), (await readFile(template.zip)).subarray(0, 1_000));
    before = await everything();
  });
  afterAll(async () => {
    expect(await everything()).toEqual(before);
  });

  it.each(MISTAKES)('$name', async ({ argv, exitCode, says }) => {
    const places = { folder: site.drover.folder, zip: template.zip, source: template.source };
    const given = argv.map((word) =>
      word.replace(/\{(\w+)\}/, (whole, name) => places[name as keyof typeof places] ?? whole),
    );
    const told = await site.built.run(given);
    expect([told.stderr, told.exitCode]).toEqual([told.stderr, exitCode]);
    expect(told.stdout).toBe('');
    for (const words of says) expect(told.stderr).toMatch(words);
    expect(told.stderr).not.toContain('hunter2');
    expect(told.stderr).not.toMatch(/INTERNAL|^ +at /m);
  });

  it('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const told = await site.built.run(['simulate', 'netskope', '--port', String(port)]);
    server.close();
    expect(told).toMatchObject({ exitCode: 1, stdout: '' });
    expect(told.stderr).toBe(
      `PORT_UNUSABLE: Port ${port} cannot be used: something listens there already.\n`,
    );
  });
});

describe('a mistake that only the vendor can tell', () => {
  it('a wrong token loses nothing, and with the right one the same command goes on', async () => {
    const { built, drover } = site;
    const update = ['connection', 'update', CONNECTION, '--secret-stdin', 'apiV2Token'];
    expect(await built.run(update, { stdin: 'not-the-token' })).toMatchObject({ exitCode: 0 });
    const refused = await built.run(RUN_ALL);
    expect(refused.exitCode).toBe(3);
    expect(refused.stdout).toMatch(/^CREDENTIALS_REFUSED: .*401.*connection lab/m);
    expect(refused.stdout).toMatch(/deferred +3,055/);
    expect(refused.stdout + refused.stderr).not.toContain('not-the-token');

    expect(await built.run(update, { stdin: `${TOKEN}\n` })).toMatchObject({ exitCode: 0 });
    expect((await built.run(RUN_ALL)).exitCode).toBe(2);
    expectBalanced(await readBooks(drover), site.entries());
  });

  it('a misspelt list is told with the names that there are', async () => {
    const { built, drover } = site;
    await drover.json('collection', 'create', 'hosts', '--query', '{"subtype": "FQDN"}');
    const run = runAll({ collection: 'hosts', list: 'Blokced' });
    const refused = await built.run(run);
    expect(refused.exitCode).toBe(3);
    expect(refused.stdout).toMatch(/^URL_LIST_NOT_FOUND: .*"Blokced".*"Blocked", "Watched"/m);
    expect(refused.stdout).toMatch(/succeeded +0\n/);
  });
});
