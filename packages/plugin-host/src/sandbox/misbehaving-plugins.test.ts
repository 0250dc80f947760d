import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { FakeBroker } from '../../test/fake-broker.js';
import { contextOf, executeOf, objectsOf, optionsOf, targetOf } from '../../test/invocations.js';
import { bundleEntry, createPluginFolder, removeFolder } from '../../test/plugin-folder.js';
import type { SandboxLimits } from './sandbox-limits.js';
import { SandboxedPluginRuntime } from './sandboxed-plugin-runtime.js';

const MIB = 1024 * 1024;
let folder: string;
let runtime: SandboxedPluginRuntime;
let broker: FakeBroker;

beforeAll(async () => {
  const path = fileURLToPath(new URL('../../test/misbehaving-plugins.ts', import.meta.url));
  folder = await createPluginFolder(
    await bundleEntry(await readFile(path, 'utf8'), { resolveDir: dirname(path) }),
  );
});
afterAll(() => removeFolder(folder));
beforeEach(() => {
  broker = new FakeBroker();
  runtime = runtimeWith({});
});
afterEach(() => runtime.close());

function runtimeWith(limits: Partial<SandboxLimits>): SandboxedPluginRuntime {
  return new SandboxedPluginRuntime({
    broker,
    bundleFolder: async () => folder,
    limits: { graceMs: 200, ...limits },
  });
}

function execute(
  plugin: string,
  options: { timeoutMs?: number; signal?: AbortSignal; ownProcess?: boolean } = {},
) {
  const { timeoutMs, signal, ownProcess = false } = options;
  return runtime.invoke(
    targetOf(plugin, timeoutMs ? { limits: { timeoutMs } } : {}),
    contextOf(),
    executeOf(objectsOf(3)),
    { ...optionsOf(signal ? { signal } : {}), ownProcess },
  );
}

async function expectGoodBatch(): Promise<void> {
  const result = await execute('good');
  expect(result).toMatchObject({ ok: true, value: [{ status: 'succeeded' }, {}, {}] });
  expect(result.figures).toMatchObject({ vendorCalls: 1, log: [{ level: 'info', message: 'pinged' }] });
}

const breaches: { plugin: string; code: string; message: RegExp; limits?: Partial<SandboxLimits> }[] = [
  { plugin: 'exits', code: 'PLUGIN_CRASHED', message: /exit code 7/ },
  { plugin: 'throws later', code: 'PLUGIN_CRASHED', message: /from a timer/ },
  { plugin: 'rejects unseen', code: 'PLUGIN_CRASHED', message: /unseen/ },
  {
    plugin: 'grows buffers',
    code: 'PLUGIN_CRASHED',
    message: /used more than 157286400 bytes of memory/,
    limits: { maxMemoryBytes: 150 * MIB, memoryCheckMs: 20 },
  },
  {
    plugin: 'grows its heap',
    code: 'PLUGIN_CRASHED',
    message: /memory/,
    limits: { maxMemoryBytes: 150 * MIB, memoryCheckMs: 60_000 },
  },
  { plugin: 'writes garbage', code: 'PLUGIN_CONTRACT', message: /no JSON/ },
  { plugin: 'announces too much', code: 'PLUGIN_CONTRACT', message: /2147483647 bytes was announced/ },
  { plugin: 'asks without end', code: 'PLUGIN_CONTRACT', message: /more than 128 requests open/ },
  { plugin: 'pollutes prototypes', code: 'PLUGIN_CONTRACT', message: /__proto__/ },
  { plugin: 'nests deep', code: 'PLUGIN_CONTRACT', message: /deeper than 64/ },
  { plugin: 'returns a cycle', code: 'PLUGIN_CONTRACT', message: /cannot be written as JSON/ },
  { plugin: 'throws a TypeError', code: 'PLUGIN_ERROR', message: /The plugin threw TypeError/ },
  { plugin: 'no such plugin', code: 'PLUGIN_CONTRACT', message: /has no plugin no such plugin/ },
  {
    plugin: 'prints a flood',
    code: 'PLUGIN_CRASHED',
    message: /printed more than 1000000 bytes/,
    limits: { maxOutputBytes: 1_000_000 },
  },
];

test.each(breaches)(
  'a plugin that $plugin fails its batch, and the next batch of a good one works',
  async ({ plugin, code, message, limits }) => {
    await runtime.close();
    runtime = runtimeWith(limits ?? {});
    broker.answer = (_name, params) => (params.json ? {} : new Promise(() => {}));
    const result = await execute(plugin);
    expect(result).toMatchObject({ ok: false, fault: { code, message: expect.stringMatching(message) } });
    await expectGoodBatch();
  },
);

test.each(['never answers', 'loops'])(
  'a plugin that %s times out, its process-mates may be tried again, and a new process works',
  async (plugin) => {
    const mate = execute('never answers');
    const result = await execute(plugin, { timeoutMs: 200 });
    expect(result).toMatchObject({
      ok: false,
      fault: { code: 'PLUGIN_TIMEOUT', retryable: true, message: expect.stringContaining('its 200 ms') },
    });
    expect(await mate).toMatchObject({ ok: false, fault: { code: 'PLUGIN_CRASHED', retryable: true } });
    await expectGoodBatch();
  },
);

test('a plugin that ends a process of its own takes nobody along', async () => {
  const mate = execute('is slow');
  expect(await execute('exits', { ownProcess: true })).toMatchObject({ fault: { code: 'PLUGIN_CRASHED' } });
  expect(await execute('good', { ownProcess: true })).toMatchObject({ ok: true });
  expect(await mate).toMatchObject({ ok: true });
});

test('of a doubled answer the first counts, and the process is replaced', async () => {
  expect(await execute('answers twice')).toMatchObject({ ok: true, value: [] });
  await expectGoodBatch();
});

test('a hook that ends when its signal aborts keeps the process, and its mates run on', async () => {
  const mate = execute('is slow');
  expect(await execute('ends on abort', { timeoutMs: 100 })).toMatchObject({
    fault: { code: 'PLUGIN_TIMEOUT' },
  });
  expect(await mate).toMatchObject({ ok: true });
});

test('a hook that answers after it was told to stop has done its work', async () => {
  expect(await execute('answers on abort', { timeoutMs: 100 })).toMatchObject({
    ok: true,
    value: [{}, {}, {}],
  });
});

test('the clock stands still while a call waits for a rate limit', async () => {
  broker.answer = async () => {
    broker.waitingCalls = 1;
    await new Promise((resolve) => setTimeout(resolve, 600));
    broker.waitingCalls = 0;
    return {};
  };
  expect(await execute('good', { timeoutMs: 300 })).toMatchObject({ ok: true });
});

test.each(['never answers', 'loops', 'ends on abort'])(
  'cancelling a plugin that %s ends it, and its vendor calls',
  async (plugin) => {
    const cancel = new AbortController();
    const result = execute(plugin, { signal: cancel.signal });
    setTimeout(() => cancel.abort(), 200);
    expect(await result).toMatchObject({ ok: false, fault: { code: 'CANCELLED' } });
    await expectGoodBatch();
  },
);

test('a hook cancelled before it began never runs', async () => {
  const result = await execute('good', { signal: AbortSignal.abort() });
  expect(result).toMatchObject({ ok: false, fault: { code: 'CANCELLED' } });
  expect(broker.calls).toEqual([]);
});

test('prepare may return a mebibyte at most', async () => {
  const target = targetOf('returns too much');
  const result = await runtime.invoke(target, contextOf(), { hook: 'prepare' }, optionsOf());
  expect(result).toMatchObject({
    ok: false,
    fault: { code: 'PLUGIN_CONTRACT', message: expect.stringContaining('at most 1048576') },
  });
});

test('what a plugin says passes the redactor', async () => {
  broker.answer = () => broker.secret;
  const result = await execute('tells a secret');
  expect(JSON.stringify(result)).not.toContain(broker.secret);
  expect(result).toMatchObject({
    ok: true,
    value: [{ data: { body: '[redacted]' } }, {}, {}],
    figures: { log: [{ message: 'heard [redacted]', fields: { body: '[redacted]' } }] },
  });
});

test('what the code of a lone hook prints is in its log', async () => {
  const result = await execute('prints');
  expect(result.figures.log).toEqual([{ level: 'debug', message: 'a line that was printed' }]);
});

test('a message over the limit of a frame is refused on the way out, and the process lives', async () => {
  await runtime.close();
  runtime = runtimeWith({ maxFrameBytes: 2_000 });
  const many = await runtime.invoke(targetOf('good'), contextOf(), executeOf(objectsOf(100)), optionsOf());
  expect(many).toMatchObject({ ok: false, fault: { code: 'PLUGIN_CONTRACT' } });
  broker.answer = () => 'x'.repeat(3_000);
  expect(await execute('good')).toMatchObject({
    ok: false,
    fault: { code: 'PLUGIN_CONTRACT', message: expect.stringContaining('over the 2000') },
  });
});
