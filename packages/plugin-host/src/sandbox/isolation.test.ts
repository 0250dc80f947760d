import { chmod, readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeBroker } from '../../test/fake-broker.js';
import { contextOf, executeOf, optionsOf, targetOf } from '../../test/invocations.js';
import { bundleEntry, createPluginFolder, removeFolder } from '../../test/plugin-folder.js';
import { isOpenToAll } from './isolation.js';
import { SandboxedPluginRuntime } from './sandboxed-plugin-runtime.js';

const isRoot = process.getuid!() === 0;
const deniesNetwork = process.allowedNodeEnvironmentFlags.has('--allow-net');

let folder: string;
let runtime: SandboxedPluginRuntime;
const warnings: string[] = [];

beforeAll(async () => {
  const path = fileURLToPath(new URL('../../test/attacking-plugin.ts', import.meta.url));
  folder = await createPluginFolder(
    await bundleEntry(await readFile(path, 'utf8'), { resolveDir: dirname(path) }),
  );
});
afterAll(() => removeFolder(folder));
beforeEach(() => {
  warnings.length = 0;
  runtime = new SandboxedPluginRuntime({
    broker: new FakeBroker(),
    bundleFolder: async () => folder,
    logger: { debug: () => {}, warn: (_fields, sentence) => void warnings.push(sentence) },
  });
});
afterEach(() => runtime.close());

async function resultsOf(plugin: string): Promise<Record<string, unknown>> {
  const result = await runtime.invoke(targetOf(plugin), contextOf(), executeOf([]), optionsOf());
  expect(result).toMatchObject({ ok: true });
  return (result as { value: [Record<string, unknown>] }).value[0];
}

test('plugin code gets at nothing', async () => {
  const denied = 'ERR_ACCESS_DENIED';
  expect(await resultsOf('attacks')).toEqual({
    'read a system file': denied,
    'read the folder of another bundle': denied,
    'list the folder above': denied,
    'read the environment of the host': denied,
    'follow a link out of its folder': denied,
    'write into its folder': denied,
    'write a trace': denied,
    'write a report': denied,
    'write a heap snapshot': denied,
    'open a database': 'ERR_UNKNOWN_BUILTIN_MODULE',
    'start a process': denied,
    'become another program': denied,
    'start a thread': denied,
    'load an addon': 'ERR_DLOPEN_DISABLED',
    'open the inspector': denied,
    'use an internal binding': denied,
    'change the user': 'EPERM',
  });
  expect(await readdir(folder)).toEqual(['code.mjs']);
});

(deniesNetwork ? test : test.skip)(
  'plugin code has no network (skipped where Node cannot deny it)',
  async () => {
    const results = await resultsOf('attacks the network');
    expect(new Set(Object.values(results))).toEqual(new Set(['ERR_ACCESS_DENIED']));
  },
);

test('plugin code sees no environment', async () => {
  const { env, cwd } = await resultsOf('shows its surroundings');
  expect(env).toEqual({});
  expect(cwd).toBe(folder);
});

(isRoot ? describe : describe.skip)('started as root (skipped for other users)', () => {
  test('plugin code runs as another user and cannot signal the host', async () => {
    expect(await resultsOf('shows its surroundings')).toMatchObject({ uid: 65_534, groups: [65_534] });
    expect(await resultsOf('signals the host')).toEqual({ signal: 'EPERM', renice: 'ERR_SYSTEM_ERROR' });
  });

  test('a folder that other users cannot read is served as the same user, and said so', async () => {
    await chmod(folder, 0o700);
    try {
      expect(await resultsOf('shows its surroundings')).toMatchObject({ uid: 0 });
      expect(warnings).toEqual([expect.stringContaining('its folder cannot be read by other users')]);
    } finally {
      await chmod(folder, 0o755);
    }
  });
});

test('where part of the isolation cannot be had, plugin code runs with the rest of it', async () => {
  await runtime.close();
  const MIB = 1024 * 1024;
  // Less than V8 reserves: under such a limit Node does not start.
  const limits = { maxMemoryBytes: -100 * MIB, memoryCheckMs: 60_000 };
  runtime = new SandboxedPluginRuntime({
    broker: new FakeBroker(),
    bundleFolder: async () => folder,
    limits,
  });
  const { env, uid } = await resultsOf('shows its surroundings');
  expect({ env, uid }).toEqual({ env: {}, uid: isRoot ? 65_534 : process.getuid!() });
  expect(await runtime.describeIsolation()).not.toHaveProperty('dataLimitBytes');
});

test('the isolation is described as it is', async () => {
  const report = await runtime.describeIsolation();
  expect(report.networkDenied).toBe(deniesNetwork);
  expect(report.separateUser).toBe(isRoot && (await isOpenToAll(process.execPath, { mode: 'execute' })));
  expect(report.memoryWatched).toBe(process.platform === 'linux');
  const missing = [report.networkDenied, report.separateUser, report.memoryWatched, report.diesWithHost];
  const misses = [...missing, report.dataLimitBytes !== undefined].filter((has) => !has);
  expect(report.notes).toHaveLength(misses.length);
});
