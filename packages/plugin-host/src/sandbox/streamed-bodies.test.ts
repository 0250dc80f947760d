import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { InvokeOptions, OutgoingWrite } from '@drover/engine';
import type { AuthSpec, CallSpec } from '@drover/model';
import { startLoopbackVendor } from '@drover/testing';
import { contextOf, executeOf, objectsOf, optionsOf, targetOf } from '../../test/invocations.js';
import { bundleEntry, createPluginFolder, removeFolder } from '../../test/plugin-folder.js';
import { createBroker } from '../broker/create-broker.js';
import { LocalGovernor } from '../governor/local-governor.js';
import { PluginPeer } from './plugin-peer.js';
import { SandboxedPluginRuntime } from './sandboxed-plugin-runtime.js';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const TOKEN = 'a-token-that-goes-into-bodies';

/** Plugins whose one call streams what the config tells. */
const ENTRY = `
import { defineAction, Fault, succeeded } from '@drover/plugin-sdk';
import { servePlugins } from '@drover/plugin-sdk/serve';
const send = (params) => defineAction({
  execute: async (batch, context) => {
    const { body } = await context.call('send', params(context));
    return batch.objects.map((object) => succeeded(object, { data: { body } }));
  },
});
function* lines(count, text) { for (let n = 0; n < count; n += 1) yield text; }
async function* bytes(count, size) { for (let n = 0; n < count; n += 1) yield new Uint8Array(size).fill(n % 251); }
let reading = 0;
servePlugins({
  lines: send(({ config }) => ({ stream: () => lines(config.count, config.text), contentType: 'text/plain' })),
  bytes: send(({ config }) => ({ stream: () => bytes(config.count, config.size) })),
  list: send(({ config }) => ({ stream: config.chunks })),
  member: send(({ config }) => ({ json: config.fields, stream: config.chunks, streamMember: 'list' })),
  'member of bytes': send(() => ({ json: {}, stream: () => bytes(1, 10), streamMember: 'list' })),
  generator: send(({ config }) => ({ stream: lines(3, 'x') })),
  number: send(() => ({ stream: [1] })),
  nothing: send(() => ({ stream: 7 })),
  fails: send(() => ({
    stream: function* () { yield 'x'.repeat(300_000); if (++reading % 2 === 0) throw new Fault('LIST_GONE', 'The list is gone.'); yield 'end'; },
  })),
  'fails at once': send(() => ({ stream: function* () { throw new TypeError('no list'); } })),
  changes: send(({ config }) => ({ stream: () => [config.at, 'b'.repeat(300_000), String(reading++)] })),
  stuck: send(() => ({ stream: async function* () { yield 'x'; await new Promise(() => {}); } })),
});
`;

let folder: string;
beforeAll(async () => {
  folder = await createPluginFolder(await bundleEntry(ENTRY, { resolveDir: import.meta.dirname }));
});
afterAll(() => removeFolder(folder));

const opened: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const one of opened.splice(0).reverse()) await one.close();
});

const CALL: CallSpec = {
  name: 'send',
  method: 'POST',
  path: '/upload',
  purpose: 'sending a body',
  effect: 'write',
  delivery: 'repeatable',
  timeoutMs: 30_000,
};

interface World {
  listener: RequestListener;
  auth?: AuthSpec;
  call?: Partial<CallSpec>;
  maxMemoryBytes?: number;
}

async function open({ listener, auth = { type: 'none' }, call = {}, ...limits }: World) {
  const vendor = await startLoopbackVendor(listener);
  const governor = new LocalGovernor();
  const broker = createBroker({
    vault: { reveal: async () => ({ token: TOKEN }) },
    governor,
    random: () => 0,
  });
  const runtime = new SandboxedPluginRuntime({
    broker,
    bundleFolder: async () => folder,
    limits: { memoryCheckMs: 50, ...limits },
  });
  opened.push(vendor, broker, runtime);
  return async (plugin: string, config: Record<string, unknown>, options: Partial<InvokeOptions> = {}) => {
    const target = targetOf(plugin);
    target.connection.settings['baseUrl'] = vendor.url;
    const manifest = {
      ...target.manifest,
      calls: [{ ...CALL, ...call }],
      connection: { schema: {}, auth: { own: auth } },
    };
    return runtime.invoke(
      { ...target, manifest },
      contextOf(config),
      executeOf(objectsOf(1)),
      optionsOf(options),
    );
  };
}

interface Received {
  text: string;
  bytes: number;
  sha256: string;
  contentLength: string | undefined;
  contentType: string | undefined;
}

/** A vendor that takes bodies, keeps the small ones, and answers with a status for each request. */
function taking(...statuses: number[]): { listener: RequestListener; received: Received[]; broken: number } {
  const vendor = { received: [] as Received[], broken: 0, listener };
  function listener(request: IncomingMessage, response: ServerResponse): void {
    const hash = createHash('sha256');
    let [text, bytes] = ['', 0];
    request.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      bytes += chunk.length;
      if (bytes < MIB) text += chunk.toString('latin1');
    });
    request.on('error', () => (vendor.broken += 1));
    request.on('end', () => {
      const { 'content-length': contentLength, 'content-type': contentType } = request.headers;
      const whole = { text: Buffer.from(text, 'latin1').toString('utf8'), bytes, sha256: hash.digest('hex') };
      vendor.received.push({ ...whole, contentLength, contentType });
      response.statusCode = statuses.shift() ?? 200;
      response.end('done');
    });
  }
  return vendor;
}

/** The sizes of the frames that plugins send from now on. */
function frameSizes(): number[] {
  const sizes: number[] = [];
  const { receive } = PluginPeer.prototype;
  jest.spyOn(PluginPeer.prototype, 'receive').mockImplementation(function (this: PluginPeer, message, bytes) {
    sizes.push(bytes);
    return receive.call(this, message, bytes);
  });
  return sizes;
}

describe('a streamed body', () => {
  test('of 32 MiB goes through in small frames, in a process that has no room for it, and arrives whole', async () => {
    const vendor = taking();
    const frames = frameSizes();
    const invoke = await open({ ...vendor, maxMemoryBytes: 112 * MIB });
    const result = await invoke('bytes', { count: 32, size: MIB });
    expect(result).toMatchObject({ ok: true, figures: { vendorCalls: 1, vendorWrites: 1 } });
    const hash = createHash('sha256');
    for (let n = 0; n < 32; n += 1) hash.update(Buffer.alloc(MIB, n % 251));
    expect(vendor.received).toMatchObject([
      { bytes: 32 * MIB, sha256: hash.digest('hex'), contentLength: String(32 * MIB) },
    ]);
    expect(vendor.received[0]!.contentType).toBe('application/octet-stream');
    expect(Math.max(...frames)).toBeLessThan(100 * KIB);
  }, 60_000);

  test('that the vendor is slow to take is not read ahead', async () => {
    const paused = Promise.withResolvers<IncomingMessage>();
    const vendor = taking();
    const frames = frameSizes();
    const invoke = await open({
      listener: (request, response) => {
        paused.resolve(request.pause());
        vendor.listener(request, response);
        request.pause();
      },
    });
    const ended = invoke('bytes', { count: 24, size: MIB });
    const request = await paused.promise;
    await sleep(1_000);
    const ahead = frames.length - 24 * 16;
    expect(ahead).toBeGreaterThan(0);
    // What kernel and sockets buffer on the way.
    expect(ahead * 64 * KIB).toBeLessThan(12 * MIB);
    request.resume();
    expect(await ended).toMatchObject({ ok: true });
    expect(vendor.received).toMatchObject([{ bytes: 24 * MIB }]);
  }, 60_000);

  test.each([
    ['text in many small chunks', 'lines', { count: 30_000, text: 'häßlich 🦊\n' }],
    [
      'chunks of any size, cut within characters',
      'list',
      { chunks: ['', 'a\ud83e', '\udd8a', '🦊'.repeat(90_000)] },
    ],
    ['nothing', 'list', { chunks: [] }],
  ])(
    'of %s arrives as it was given',
    async (_what, plugin, config: { count?: number; text?: string; chunks?: string[] }) => {
      const vendor = taking();
      const invoke = await open(vendor);
      expect(await invoke(plugin, config)).toMatchObject({ ok: true });
      const whole = config.chunks?.join('') ?? config.text!.repeat(config.count!);
      expect(vendor.received[0]!.text).toBe(whole);
      expect(vendor.received[0]!.contentLength).toBe(String(Buffer.byteLength(whole)));
    },
  );

  test('is sent again from its start where a call is repeated', async () => {
    const vendor = taking(500, 503, 200);
    const invoke = await open(vendor);
    expect(await invoke('lines', { count: 10_000, text: 'line\n' })).toMatchObject({ ok: true });
    expect(vendor.received.map(({ bytes, contentType }) => [bytes, contentType])).toEqual(
      Array.from({ length: 3 }, () => [50_000, 'text/plain']),
    );
  });

  test('that the vendor refuses before it has taken it is the fault of that answer', async () => {
    const invoke = await open({
      listener: (_request, response) => {
        response.writeHead(401, { connection: 'close' });
        response.end('no');
      },
    });
    expect(await invoke('bytes', { count: 32, size: MIB })).toMatchObject({
      ok: false,
      fault: { code: 'CREDENTIALS_REFUSED' },
    });
  });

  test('that a vendor never takes ends with the time of its call', async () => {
    const invoke = await open({ listener: (request) => request.pause(), call: { timeoutMs: 400 } });
    const started = performance.now();
    expect(await invoke('bytes', { count: 24, size: MIB })).toMatchObject({
      fault: { code: 'VENDOR_TIMEOUT' },
    });
    expect(performance.now() - started).toBeLessThan(15_000);
  }, 30_000);

  test.each([
    ['generator', 'CALL_INVALID', 'can be read only once'],
    ['nothing', 'CALL_INVALID', 'neither iterable nor a function'],
    ['number', 'CALL_INVALID', 'neither text nor bytes'],
    ['member of bytes', 'CALL_INVALID', 'has to be of text'],
    ['fails at once', 'PLUGIN_ERROR', 'TypeError: no list'],
  ])('of the plugin "%s" is refused, and nothing leaves', async (plugin, code, message) => {
    const vendor = taking();
    const invoke = await open(vendor);
    expect(await invoke(plugin, {})).toMatchObject({
      fault: { code, message: expect.stringContaining(message) },
      figures: { vendorCalls: 0 },
    });
    expect(vendor.received).toEqual([]);
  });

  test.each([
    ['fails', 'LIST_GONE'],
    ['changes', 'PLUGIN_CONTRACT'],
  ])('that %s while it is sent never arrives whole, and is not tried again', async (plugin, code) => {
    const vendor = taking();
    const invoke = await open(vendor);
    expect(await invoke(plugin, { at: 'begin' })).toMatchObject({
      fault: { code },
      figures: { vendorCalls: 1 },
    });
    await sleep(50);
    expect(vendor.received).toEqual([]);
  });

  test('that never ends is given up when the hook is cancelled', async () => {
    const invoke = await open(taking());
    const signal = AbortSignal.timeout(300);
    const result = await invoke('stuck', {}, { signal });
    expect(result).toMatchObject({ fault: { code: 'CANCELLED' } });
  });
});

describe('a streamed member of a JSON body', () => {
  const auth: AuthSpec = { type: 'body', name: 'token', secret: 'token' };

  test('stands beside the secret, which the plugin never sees', async () => {
    const vendor = taking();
    const invoke = await open({ ...vendor, auth });
    const chunks = ['"quoted" \\ \n', 'a\ud83e', '\udd8a', 'ü'.repeat(200_000)];
    expect(await invoke('member', { fields: { name: 'Hashes' }, chunks })).toMatchObject({ ok: true });
    const [{ text, contentLength, contentType }] = vendor.received as [Received];
    expect(JSON.parse(text)).toEqual({ name: 'Hashes', token: TOKEN, list: chunks.join('') });
    expect([contentLength, contentType]).toEqual([String(Buffer.byteLength(text)), 'application/json']);
  });

  test('may be all that the object has', async () => {
    const vendor = taking();
    const invoke = await open(vendor);
    expect(await invoke('member', { fields: {}, chunks: [] })).toMatchObject({ ok: true });
    expect(vendor.received[0]!.text).toBe('{"list":""}');
  });

  test.each([
    ['the object has it already', { list: 1 }, {}],
    ['there is no object', ['a'], {}],
    ['the secret goes by its name', {}, { ...auth, name: 'list' }],
  ])('is refused when %s', async (_why, fields, other) => {
    const vendor = taking();
    const invoke = await open({ ...vendor, auth: { ...auth, ...other } });
    expect(await invoke('member', { fields, chunks: ['a'] })).toMatchObject({
      fault: { code: 'CALL_INVALID' },
    });
    expect(vendor.received).toEqual([]);
  });

  test('of a body without it leaves no place for a secret', async () => {
    const vendor = taking();
    const invoke = await open({ ...vendor, auth });
    expect(await invoke('list', { chunks: ['a'] })).toMatchObject({
      fault: { code: 'CALL_INVALID', message: expect.stringContaining('streamMember') },
    });
    expect(vendor.received).toEqual([]);
  });

  test('is shown to the engine by size, digest and beginning', async () => {
    const writes: OutgoingWrite[] = [];
    const beforeWrite = async (write: OutgoingWrite) => {
      writes.push(write);
      return { do: 'send' as const };
    };
    const invoke = await open({ ...taking(), auth });
    const chunks = [`${TOKEN} and `, 'x'.repeat(100_000)];
    await invoke('member', { fields: { name: 'Hashes' }, chunks }, { beforeWrite });
    const { body } = writes[0]!.describe();
    const sha256 = createHash('sha256').update(chunks.join('')).digest('hex');
    const list = { streamed: { bytes: chunks.join('').length, sha256, beginning: expect.any(String) } };
    expect(body).toMatchObject({ contentType: 'application/json', value: { name: 'Hashes', list } });
    const text = JSON.stringify(body);
    expect(text).toContain('[REDACTED] and xxx');
    expect(text).not.toContain(TOKEN);
    expect(text.length).toBeLessThan(2 * KIB);
  });
});
