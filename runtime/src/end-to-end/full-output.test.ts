import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BuiltDrover } from './built-drover.js';
import { CommandLine } from './command-line.js';

const BIN = fileURLToPath(new URL('../../bin/drover.mjs', import.meta.url));

let drover: CommandLine;

beforeAll(async () => {
  drover = await CommandLine.open();
  // Says when the build is older than the sources.
  BuiltDrover.beside(drover);
  const file = join(drover.folder, 'hosts.txt');
  await writeFile(file, Array.from({ length: 5_000 }, (_, n) => `host${n}.example.com\n`).join(''));
  await drover.json(
    'objects',
    'import',
    file,
    '--collection',
    'hosts',
    '--type',
    'indicator',
    '--subtype',
    'FQDN',
  );
}, 60_000);
afterAll(() => drover.close());

// A disk that is full behind a redirect: neither silence nor a stack trace.
it.each([
  ['a line', ['collection', 'list']],
  ['a document', ['objects', 'list', '--json']],
  ['a stream', ['objects', 'export']],
])('says that %s could not be written', async (_, argv) => {
  const full = await open('/dev/full', 'w');
  const child = spawn(process.execPath, [BIN, ...argv], {
    env: { ...process.env, DROVER_DATA_DIR: drover.dataDir },
    stdio: ['ignore', full.fd, 'pipe'],
  });
  const [stderr, [exitCode]] = await Promise.all([text(child.stderr!), once(child, 'close')]);
  await full.close();
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^FILE_UNWRITABLE: .*ENOSPC.*\.\n$/)]);
});
