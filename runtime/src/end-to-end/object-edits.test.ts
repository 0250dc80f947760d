import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.js';

let drover: CommandLine;
beforeEach(async () => {
  drover = await CommandLine.open();
  const file = join(drover.folder, 'objects.jsonl');
  const rows = [
    { type: 'indicator', subtype: 'FQDN', value: 'a.example.com' },
    { type: 'indicator', subtype: 'FQDN', value: 'b.example.com' },
    { type: 'indicator', subtype: 'URL', value: 'https://a.example.com/x' },
    { type: 'incident', value: 'INC/7' },
  ];
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await drover.json('objects', 'import', file, '--collection', 'all');
});
afterEach(() => drover.close());

const set = (...argv: string[]) => drover.run(['objects', 'set', ...argv, '--json']);

it('edits an object by its value, its subtype and value, or its id', async () => {
  const first = await set('incident/INC/7', '--status', 'closed', '--attribute', 'Category=phishing=web');
  expect(first.json).toMatchObject({ changed: true, status: 'closed', revision: 2 });
  const typed = ['--attribute-json', 'Score=7.5', '--attribute-json', 'Text="7"', '--source', 'Triage'];
  const second = await set(first.json.id, ...typed);
  const attributes = second.json.attributes.map((one: { name: string }) => one);
  expect(attributes).toMatchObject([
    { name: 'Category', value: 'phishing=web', source: 'manual' },
    { name: 'Score', value: 7.5, source: 'Triage' },
    { name: 'Text', value: '7', source: 'Triage' },
  ]);
  expect((await set(first.json.id, ...typed)).json).toMatchObject({ changed: false, revision: 3 });
  expect((await set('indicator/FQDN/A.EXAMPLE.com', '--alias', 'c.example.com')).json.aliases).toEqual([
    'c.example.com',
  ]);
  expect((await set('indicator/c.example.com', '--status', 'x')).json.value).toBe('a.example.com');
  expect((await set('indicator/https://a.example.com/x', '--status', 'x')).json.subtype).toBe('URL');
  await set('incident/INC/7', '--remove-attribute', 'Category');
  const shown = await drover.run(['objects', 'show', first.json.id]);
  expect(shown.stdout).toMatch(/Category .*phishing=web .*removed/);
});

it.each([
  [['incident/INC-8', '--status', 'x'], 1, 'NOT_FOUND'],
  [['indicator/FQDN/b.example.com', '--alias', 'a.example.com'], 2, 'a.example.com'],
  [['indicator/FQDN/b.example.com', '--alias', 'not a host'], 2, 'cannot be used'],
  [['incident/INC/7'], 1, 'Say what to set'],
  [['incident/INC/7', '--attribute', 'novalue'], 1, 'INVALID_ARGUMENT'],
  [['incident/INC/7', '--attribute-json', 'a={}'], 1, 'takes a number'],
  [['incident/INC/7', '--attribute', 'a=1', '--attribute', 'a=2'], 1, 'twice'],
  [['incident/INC/7', '--attribute', 'a=1', '--remove-attribute', 'a'], 1, 'both set and removed'],
  [['incident/INC/7', '--status', 'a\u0007b'], 1, 'control character'],
  [['incident/INC/7', '--attribute', `a=${'x'.repeat(3000)}`], 1, '2048'],
])('refuses what cannot be (%#)', async (argv, exitCode, words) => {
  const refused = await set(...argv);
  expect(refused).toMatchObject({ exitCode, stderr: expect.stringContaining(words) });
  expect(
    (await drover.json('objects', 'list')).data.map((one: { revision: number }) => one.revision),
  ).toEqual([1, 1, 1, 1]);
});
