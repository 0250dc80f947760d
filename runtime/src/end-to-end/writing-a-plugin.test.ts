import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CliHost, runCli } from '@drover/cli';
import { BuiltDrover } from './built-drover.js';
import { type FakeLantern, startLantern } from '../../../examples/hello-plugin/fake-lantern.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const BIN = join(ROOT, 'runtime', 'bin', 'drover.mjs');
/** Where the page says that Lantern is. */
const LANTERN = 'http://127.0.0.1:8787';

interface Fence {
  info: string;
  content: string;
}

const page = await readFile(join(ROOT, 'docs', 'writing-a-plugin.md'), 'utf8');
const fences: Fence[] = [...page.matchAll(/^```(.+)\n([^]*?)^```$/gm)].map(([, info, content]) => ({
  info: info!,
  content: content!,
}));
const commands = fences
  .filter(({ info }) => info === 'sh')
  .flatMap(({ content }) => content.trimEnd().split('\n'));
const excerpts = fences
  .map(({ info, content }) => ({ file: info.split(' ')[1] ?? '', content }))
  .filter(({ file }) => file !== '');

/** What follows `npx drover` in a line, as the shell would hand it over; undefined for other lines. */
function droverArguments(line: string): string[] | undefined {
  const words = line.split('npx drover ')[1];
  return words === undefined
    ? undefined
    : [...words.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
}

describe('the page', () => {
  it.each(excerpts)('shows $file as it is', async ({ file, content }) => {
    expect(unspaced(await readFile(join(ROOT, file), 'utf8'))).toContain(unspaced(content));
  });

  it('shows files and commands at all', () => {
    expect(excerpts.length).toBeGreaterThan(8);
    expect(commands.filter((line) => droverArguments(line) !== undefined).length).toBeGreaterThan(8);
  });

  it('has no command line that the command line does not understand', async () => {
    expect(await usageProblem(['plugin', 'pack', '.', '--colour'])).toContain('--colour');
    const inline = [...page.matchAll(/`(npx drover [^`]+)`/g)].map(([, line]) => line!);
    for (const line of [...commands, ...inline]) {
      const argv = droverArguments(line);
      if (argv !== undefined) expect([line, await usageProblem(argv)]).toEqual([line, '']);
    }
  });
});

/** The page's formatter indents and breaks lines in its own way. */
function unspaced(code: string): string {
  return code.replaceAll(/\s+/g, '');
}

/** What the command line says against the form of a command; nothing is opened. */
async function usageProblem(argv: readonly string[]): Promise<string> {
  const opened = Object.assign(new Error('opened'), { code: 'OPENED' });
  const refuse = () => Promise.reject(opened);
  const host: CliHost = {
    version: '0.0.0',
    openApplication: refuse,
    packBundle: refuse,
    startSimulator: refuse,
    effectiveSettings: refuse,
    onInterrupt: () => () => undefined,
  };
  const streams = { stdin: new PassThrough().end(), stdout: new PassThrough(), stderr: new PassThrough() };
  await runCli(argv, host, streams);
  const said = text(streams.stderr.end());
  return (await said)
    .split('\n')
    .filter((line) => /^error:|^Usage:/.test(line))
    .join('\n');
}

describe('the commands of the page', () => {
  let folder: string;
  let lantern: FakeLantern;
  const said = new Map<string, { exitCode: number | null; output: string }>();

  beforeAll(async () => {
    lantern = await startLantern({ port: 0 });
    folder = await mkdtemp(join(tmpdir(), 'drover-page-'));
    await chmod(folder, 0o711);
    await symlink(join(ROOT, 'examples'), join(folder, 'examples'));
    await mkdir(join(folder, 'bin'));
    const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${BIN}' "$@"\n`;
    await writeFile(join(folder, 'bin', 'npx'), npx, { mode: 0o755 });
    for (const line of commands.filter((one) => droverArguments(one) !== undefined)) {
      said.set(line, await type(line.replace(LANTERN, lantern.url)));
    }
  }, 60_000);
  afterAll(async () => {
    lantern.close();
    await rm(folder, { recursive: true });
  });

  async function type(line: string): Promise<{ exitCode: number | null; output: string }> {
    const shell = spawn('/bin/sh', ['-c', line], {
      cwd: folder,
      env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, DROVER_DATA_DIR: dataDir() },
    });
    const exitCode = new Promise<number | null>((resolve) => shell.once('close', resolve));
    const [out, problems] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
    return { exitCode: await exitCode, output: out + problems };
  }

  function dataDir(): string {
    return join(folder, '.drover', 'lantern');
  }

  it('end as the page says', () => {
    for (const [line, { exitCode, output }] of said) {
      const isFirstRun = line.includes('action run') && !line.includes('--trigger');
      expect([line, output, exitCode]).toEqual([
        line,
        output,
        isFirstRun || line.includes('schedule') ? 2 : 0,
      ]);
    }
  });

  it('leave the cases at Lantern and on the objects', async () => {
    expect([...lantern.cases.keys()].toSorted()).toEqual(['c2.example.net', 'phish.example.com']);
    const drover = new BuiltDrover(dataDir());
    const exported = await drover.run(['objects', 'export', '--collection', 'suspects']);
    const written = exported.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map(({ value, attributes }) => [value, attributes.map((one: { value: string }) => one.value)]);
    expect(Object.fromEntries(written)).toEqual({
      'phish.example.com': [lantern.cases.get('phish.example.com')],
      'c2.example.net': [lantern.cases.get('c2.example.net')],
      'nobody.invalid': [],
    });
    const [{ id }] = (await drover.run(['run', 'list', '--json'])).json.data;
    const watched = await drover.run(['run', 'watch', id, '--verbose']);
    expect(watched.stderr).toContain('info: watchlist found {"id":"w1"}');
  });

  it('a scheduled step takes nothing a second time', async () => {
    const scheduled = commands.find((line) => line.includes('--step'))!;
    const again = await type(scheduled);
    expect(again).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('There is nothing new to offer'),
    });
  });
});
