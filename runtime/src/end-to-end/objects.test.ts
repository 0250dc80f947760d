import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.js';

let drover: CommandLine;
beforeEach(async () => {
  drover = await CommandLine.open();
});
afterEach(() => drover.close());

const CSV =
  'type,subtype,value\nindicator,FQDN,evil[.]example\nindicator,FQDN,bad..example\nindicator,FQDN,EVIL.example\n';

async function importCsv(text = CSV): Promise<Awaited<ReturnType<CommandLine['run']>>> {
  const file = join(drover.folder, 'feed.csv');
  await writeFile(file, text);
  return drover.run(['objects', 'import', file, '--collection', 'iocs', '--json']);
}

describe('objects import', () => {
  it('makes the list, reports each refused row, and leaves the folder to its owner', async () => {
    const { exitCode, json } = await importCsv();
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      collection: 'iocs',
      created: 1,
      updated: 0,
      unchanged: 0,
      duplicates: 1,
      rejectedCount: 1,
      rejected: [{ line: 3, value: 'bad..example', code: expect.any(String), reason: expect.any(String) }],
      byType: { 'indicator/FQDN': 1 },
    });
    const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
    expect((await stat(drover.dataDir)).mode & 0o777).toBe(mode);
    expect((await stat(join(drover.dataDir, 'drover.db'))).mode & 0o777).toBe(0o600);
  });

  it('reads standard input', async () => {
    const { exitCode, stdout } = await drover.run(
      [
        'objects',
        'import',
        '-',
        '--collection',
        'hosts',
        '--type',
        'indicator',
        '--subtype',
        'FQDN',
        '--format',
        'list',
      ],
      { stdin: 'a.example.com\nb.example.com\n' },
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      'Imported into hosts: 2 created, 0 updated, 0 unchanged, 0 duplicates, 0 refused.',
    );
  });

  it('ends with 2 and makes no list when nothing was accepted', async () => {
    expect(await importCsv('type,subtype,value\nindicator,FQDN,bad..example\n')).toMatchObject({
      exitCode: 2,
    });
    expect(await drover.json('collection', 'list')).toEqual([]);
  });

  it('refuses a file of no known form and a missing one', async () => {
    const unknown = await drover.run(['objects', 'import', '-', '--collection', 'x'], { stdin: 'a b c\n' });
    expect(unknown.exitCode).not.toBe(0);
    expect(unknown.stderr).toMatch(/^IMPORT_FORMAT_UNKNOWN: /);
    const missing = await drover.run(['objects', 'import', 'nowhere.csv', '--collection', 'x']);
    expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^FILE_UNREADABLE: Cannot read nowhere.csv/);
  });
});

describe('objects list, show, export', () => {
  beforeEach(async () => {
    const rows = Array.from({ length: 5 }, (_, n) => `indicator,FQDN,host${n}.example.com`);
    await importCsv(
      ['type,subtype,value', ...rows, 'indicator,URL,https://host.example.com/a', ''].join('\n'),
    );
  });

  it('pages through what a filter takes', async () => {
    const first = await drover.json('objects', 'list', '--subtype', 'FQDN', '--limit', '3');
    expect(first.data).toHaveLength(3);
    const rest = await drover.json('objects', 'list', '--subtype', 'FQDN', '--cursor', first.nextCursor);
    expect(rest.data).toHaveLength(2);
    expect(rest.nextCursor).toBeUndefined();
    expect(await drover.json('objects', 'list', '--value', 'https://*')).toMatchObject({
      data: [{ subtype: 'URL', value: 'https://host.example.com/a' }],
    });
  });

  it('shows one object with its history', async () => {
    const { data } = await drover.json('objects', 'list', '--limit', '1');
    expect(await drover.json('objects', 'show', data[0].id)).toMatchObject({
      id: data[0].id,
      sources: ['feed.csv'],
      history: [],
    });
    const { stdout } = await drover.run(['objects', 'show', data[0].id]);
    expect(stdout).toContain('host0.example.com');
  });

  it('exports JSON Lines to stdout and CSV to a file', async () => {
    const { stdout } = await drover.run(['objects', 'export', '--collection', 'iocs']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).value)).toHaveLength(6);
    const output = join(drover.folder, 'out.csv');
    expect(await drover.json('objects', 'export', '--format', 'csv', '--output', output)).toEqual({
      file: output,
      lines: 7,
    });
  });

  it('names what does not exist, with exit code 1', async () => {
    for (const argv of [
      ['objects', 'show', 'obj_00000000000000000000000000000000'],
      ['objects', 'list', '--collection', 'nope'],
      ['collection', 'show', 'nope'],
      ['run', 'show', 'nope'],
      ['action', 'show', '7'],
      ['connection', 'show', 'nope'],
    ]) {
      const { exitCode, stderr } = await drover.run(argv);
      expect([argv, exitCode]).toEqual([argv, 1]);
      expect(stderr).toMatch(/NOT_FOUND: There is no (object|collection|run|action|connection) "/);
    }
  });
});

describe('collection', () => {
  it('keeps saved queries, counts by type, and forgets a name without its objects', async () => {
    await importCsv();
    const query = JSON.stringify({ subtype: 'FQDN' });
    expect(await drover.json('collection', 'create', 'hosts', '--query', query)).toMatchObject({
      kind: 'query',
      objects: 1,
    });
    expect(await drover.json('collection', 'show', 'hosts')).toMatchObject({
      byType: [{ type: 'indicator', subtype: 'FQDN', objects: 1 }],
    });
    expect(await drover.json('collection', 'remove', 'iocs')).toMatchObject({ name: 'iocs' });
    expect((await drover.json('objects', 'list')).data).toHaveLength(1);
  });

  it('tells every problem of a query', async () => {
    const { exitCode, stderr } = await drover.run([
      'collection',
      'create',
      'odd',
      '--query',
      JSON.stringify({ and: [{ tpye: 'x' }, { attribute: { name: 'n', op: '>', value: 'text' } }] }),
    ]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('QUERY_INVALID');
    expect(stderr).toContain('/and/0');
    expect(stderr).toContain('/and/1');
  });
});

it('stops before anything is made when the environment is not right', async () => {
  const environment = { DROVER_WORKER_CONCURRENCY: 'x', DROVER_LOG_LEVEL: 'y' };
  const { exitCode, stderr } = await drover.run(['objects', 'list'], { environment });
  expect(exitCode).toBe(78);
  expect(stderr).toContain('DROVER_WORKER_CONCURRENCY');
  expect(stderr).toContain('DROVER_LOG_LEVEL');
  await expect(stat(drover.dataDir)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('warns of unknown variables on stderr, not with --quiet', async () => {
  const environment = { DROVER_LOGLEVEL: 'info' };
  const loud = await drover.run(['collection', 'list'], { environment });
  expect(loud.stderr).toContain('did you mean DROVER_LOG_LEVEL?');
  const quiet = await drover.run(['collection', 'list', '--quiet'], { environment });
  expect(quiet.stderr).toBe('');
});
