import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Fault } from '@drover/model';
import { writeOutput } from './output-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-output-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('writes in the place of what is there', async () => {
  const file = join(folder, 'out.txt');
  await writeOutput(file, ['what was there before']);
  await writeOutput(file, ['a', 'b']);
  expect(await readFile(file, 'utf8')).toBe('ab');
});

it.each([
  ['a folder', '', 'it is a folder'],
  ['a missing folder', 'nowhere/out.txt', 'its folder does not exist'],
])('refuses %s before it takes anything to write', async (_what, name, reason) => {
  const file = join(folder, name);
  let taken = 0;
  const chunks = (function* () {
    taken += 1;
    yield 'a';
  })();
  await expect(writeOutput(file, chunks)).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: `Cannot write ${file}: ${reason}.`,
  });
  expect(taken).toBe(0);
});

it('passes on what the source throws', async () => {
  const fault = new Fault('NOT_FOUND', 'It is gone.');
  const chunks = (async function* () {
    yield 'a';
    throw fault;
  })();
  await expect(writeOutput(join(folder, 'out.txt'), chunks)).rejects.toBe(fault);
});
