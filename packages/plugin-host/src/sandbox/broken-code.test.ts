import { afterEach, expect, test } from '@jest/globals';
import { FakeBroker } from '../../test/fake-broker.js';
import { contextOf, executeOf, objectsOf, optionsOf, targetOf } from '../../test/invocations.js';
import { createPluginFolder, removeFolder } from '../../test/plugin-folder.js';
import { SandboxedPluginRuntime } from './sandboxed-plugin-runtime.js';

const FRAMES = `
  import { writeSync } from 'node:fs';
  const frame = (text) => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(Buffer.byteLength(text));
    writeSync(3, Buffer.concat([header, Buffer.from(text)]));
  };
  setInterval(() => {}, 1000);
`;
const HELLO = `frame('{"kind":"hello","protocol":1,"plugins":{"broken":["execute"]}}');`;

let runtime: SandboxedPluginRuntime;
let folder: string;
afterEach(async () => {
  await runtime.close();
  await removeFolder(folder);
});

async function executeCode(
  code: string,
  { startMs = 500, signal }: { startMs?: number; signal?: AbortSignal } = {},
) {
  folder = await createPluginFolder(code);
  runtime = new SandboxedPluginRuntime({
    broker: new FakeBroker(),
    bundleFolder: async () => folder,
    limits: { startMs, graceMs: 100 },
  });
  return runtime.invoke(
    targetOf('broken'),
    contextOf(),
    executeOf(objectsOf(1)),
    optionsOf(signal ? { signal } : {}),
  );
}

test.each([
  ['is no JavaScript', 'this is not', 'PLUGIN_CRASHED', /exit code 1/],
  ['throws while it loads', `throw new Error('while loading')`, 'PLUGIN_CRASHED', /exit code 1/],
  ['ends at once', 'process.exit(0)', 'PLUGIN_CRASHED', /exit code 0/],
  ['never says hello', 'setInterval(() => {}, 1000)', 'PLUGIN_CRASHED', /not loaded after 500 ms/],
  ['hangs while it loads', 'for (;;);', 'PLUGIN_CRASHED', /not loaded after 500 ms/],
  [
    'speaks another protocol',
    `${FRAMES} frame('{"kind":"hello","protocol":2,"plugins":{}}')`,
    'PLUGIN_CONTRACT',
    /speaks wire protocol 2 and this runtime 1/,
  ],
  ['says hello twice', `${FRAMES} ${HELLO} ${HELLO}`, 'PLUGIN_CONTRACT', /hello twice/],
  ['sends an empty frame', `${FRAMES} frame('')`, 'PLUGIN_CONTRACT', /frame of 0 bytes/],
  [
    'sends a message of no kind',
    `${FRAMES} ${HELLO} frame('{"kind":"surprise"}')`,
    'PLUGIN_CONTRACT',
    /unknown kind/,
  ],
  ['sends an array', `${FRAMES} ${HELLO} frame('[]')`, 'PLUGIN_CONTRACT', /no object/],
  [
    'speaks for a stranger',
    `${FRAMES} ${HELLO} frame('{"kind":"result","id":99}')`,
    'PLUGIN_CONTRACT',
    /not run/,
  ],
  [
    'closes its pipe',
    `${FRAMES} ${HELLO} const { Socket } = await import('node:net');
    new Socket({ fd: 3 }).destroy();`,
    'PLUGIN_CRASHED',
    /closed its pipe/,
  ],
])('code that %s fails the hook', async (_what, code, fault, message) => {
  expect(await executeCode(code)).toMatchObject({
    ok: false,
    fault: { code: fault, message: expect.stringMatching(message) },
  });
});

test('a hook that is told to stop does not wait for code that hangs while it loads', async () => {
  const options = { startMs: 60_000, signal: AbortSignal.timeout(200) };
  expect(await executeCode('for (;;);', options)).toMatchObject({ ok: false, fault: { code: 'CANCELLED' } });
});

test('a folder that is not there fails the hook', async () => {
  folder = '/nonexistent-folder';
  runtime = new SandboxedPluginRuntime({ broker: new FakeBroker(), bundleFolder: async () => folder });
  const result = await runtime.invoke(targetOf('broken'), contextOf(), { hook: 'prepare' }, optionsOf());
  expect(result).toMatchObject({ ok: false, fault: { code: 'INTERNAL' } });
});
