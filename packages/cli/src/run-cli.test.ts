import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { Fault, FaultList } from '@drover/model';
import type { CliHost } from './cli-host.js';
import { runCli } from './run-cli.js';

/** A host whose application cannot be opened, for what is decided before one is needed. */
function hostThatThrows(error: unknown): CliHost {
  return {
    version: '9.9.9',
    openApplication: () => Promise.reject(error),
    packBundle: () => Promise.reject(error),
    startSimulator: () => Promise.reject(error),
    effectiveSettings: async () => [{ name: 'DROVER_DATA_DIR', value: '/srv', origin: 'default' }],
    onInterrupt: () => () => undefined,
  };
}

/** All that was written so far. */
function writtenTo(stream: PassThrough): string {
  let text = '';
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += String(chunk);
  return text;
}

async function run(argv: string[], error: unknown = new Error('not to be opened')) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const exitCode = await runCli(argv, hostThatThrows(error), streams);
  return { exitCode, stdout: writtenTo(streams.stdout), stderr: writtenTo(streams.stderr) };
}

describe('runCli', () => {
  it('prints version and help', async () => {
    expect(await run(['--version'])).toEqual({ exitCode: 0, stdout: '9.9.9\n', stderr: '' });
    const help = await run(['--help']);
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    expect(help.stdout).toContain('Usage: drover');
  });

  it.each([
    [['plugin']],
    [['plugin', 'packs']],
    [['plugin', 'list', 'too-much']],
    [['action', 'run', '2']],
    [['action', 'run', '2', '--collection', 'c', '--connection', 'p', '--objects-per-run', '0']],
    [['action', 'run', '2', '--collection', 'c', '--connection', 'p', '--trigger', 'whim']],
    [['objects', 'list', '--limit', '1001']],
    [['simulate', 'netskope', '--port', '65536']],
    [['--colour']],
  ])('answers %j with usage and exit code 1', async (argv) => {
    const { exitCode, stdout, stderr } = await run(argv);
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
  });

  it('proposes the command that was meant', async () => {
    expect((await run(['plugin', 'instal', 'x.zip'])).stderr).toContain('Did you mean install?');
  });

  it('prints a refusal as code and sentence, with the exit code of its row', async () => {
    const fault = new Fault('CAP_BELOW_COLLECTION', 'Too many.', { path: '/objectsPerRun' });
    expect(await run(['run', 'list'], fault)).toEqual({
      exitCode: 4,
      stdout: '',
      stderr: 'CAP_BELOW_COLLECTION: Too many. (at /objectsPerRun)\n',
    });
  });

  it('prints every problem of a list', async () => {
    const fault = new FaultList('CONFIG_INVALID', 'Two values are not right.', [
      { code: 'PROPERTY_MISSING', message: 'It is missing.', path: '/listName' },
      { code: 'VALUE_WRONG_TYPE', message: 'It is no text.', path: '/name' },
    ]);
    const { exitCode, stderr } = await run(['action', 'list'], fault);
    expect(exitCode).toBe(78);
    expect(stderr.split('\n')).toEqual([
      'CONFIG_INVALID: Two values are not right.',
      '  - PROPERTY_MISSING: It is missing. (at /listName)',
      '  - VALUE_WRONG_TYPE: It is no text. (at /name)',
      '',
    ]);
    const json = await run(['--json', 'action', 'list'], fault);
    expect(json.stdout).toBe('');
    expect(JSON.parse(json.stderr)).toMatchObject({
      error: { code: 'CONFIG_INVALID', problems: [{ path: '/listName' }, { path: '/name' }] },
    });
  });

  it('prints stack traces and causes only with --verbose', async () => {
    const error = new Error('outer', { cause: new Error('inner') });
    const plain = await run(['run', 'list'], error);
    expect(plain).toMatchObject({ exitCode: 3, stderr: 'INTERNAL: outer\n' });
    const verbose = await run(['run', 'list', '--verbose'], error);
    expect(verbose.stderr).toContain('caused by: Error: inner');
    expect(verbose.stderr).toContain('run-cli.test.ts');
  });

  it('takes options of all commands before and after the command', async () => {
    for (const argv of [
      ['--json', 'config', 'print'],
      ['config', 'print', '--json'],
    ]) {
      const { stdout } = await run(argv);
      expect(JSON.parse(stdout)).toEqual([{ name: 'DROVER_DATA_DIR', value: '/srv', origin: 'default' }]);
    }
  });

  it('refuses words that it does not know, as text or as a document', async () => {
    const text = await run(['run', 'list', '--colour']);
    expect(text).toEqual({ exitCode: 1, stdout: '', stderr: "error: unknown option '--colour'\n" });
    for (const argv of [
      ['--json', 'run', 'list', '--colour'],
      ['run', 'show', '--json'],
      ['run', 'lisd', '--json'],
    ]) {
      const { exitCode, stdout, stderr } = await run(argv);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(JSON.parse(stderr)).toMatchObject({
        error: { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^(unknown|missing) [^\n]+$/) },
      });
    }
  });

  it('names a file that cannot be read', async () => {
    expect(await run(['plugin', 'install', '/nowhere/x.zip'])).toMatchObject({
      exitCode: 1,
      stderr: 'FILE_UNREADABLE: Cannot read /nowhere/x.zip: there is no such file.\n',
    });
  });
});
