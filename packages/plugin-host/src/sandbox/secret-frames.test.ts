import type { RequestListener, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { InvocationResult } from '@drover/engine';
import type { AuthSpec, CallSpec } from '@drover/model';
import { startLoopbackVendor } from '@drover/testing';
import { contextOf, executeOf, objectsOf, optionsOf, targetOf } from '../../test/invocations.js';
import { bundleEntry, createPluginFolder, removeFolder } from '../../test/plugin-folder.js';
import { createBroker } from '../broker/create-broker.js';
import { LocalGovernor } from '../governor/local-governor.js';
import { SandboxedPluginRuntime } from './sandboxed-plugin-runtime.js';

/** They read differently raw, in JSON, in a URL and in base64. */
const SECRET = 'cnry"7f3e/9d2c+8b5a=41\\6e&0d';
const MINTED = 'mntd/5b1c+2d7e=90&"ff\\aa03';

/** Hands out all that it is ever given: what it is told, and every answer and fault. */
const ENTRY = `
import { defineAction, succeeded } from '@drover/plugin-sdk';
import { servePlugins } from '@drover/plugin-sdk/serve';
const own = ({ code, message, path, cause, stack, retryAfterMs }) => ({ code, message, path, cause: String(cause), stack, retryAfterMs });
servePlugins({
  recorder: defineAction({
    execute: async (batch, context) => {
      const given = [{ config: context.config, connection: context.connection, run: context.run, batch, environment: process.env }];
      for (const name of context.config.calls) {
        const made = await context.call(name, { json: { list: 'x' } }).catch(own);
        given.push({ name, made });
        context.log.warn('made a call', { name, made });
        console.log(JSON.stringify(made));
      }
      return batch.objects.map((object) => succeeded(object, { data: { given } }));
    },
  }),
});
`;

/** Every way in which a vendor may say a text back. */
function formsOf(text: string): string[] {
  const hex = Buffer.from(text).toString('hex');
  const base64 = [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.from(`${'x'.repeat(offset)}${text}yz`);
    return [padded.toString('base64'), padded.toString('base64url')];
  });
  const json = JSON.stringify(text).slice(1, -1);
  return [text, json, encodeURIComponent(text), hex, hex.toUpperCase(), ...base64];
}

/** What must not be found; of base64 the middle, without what depends on the neighbours. */
function needlesOf(text: string): string[] {
  const forms = formsOf(text);
  return [...forms.slice(0, 5), ...forms.slice(5).map((form) => form.slice(4, -8))];
}

const NEEDLES = [SECRET, MINTED].flatMap(needlesOf);

function findIn(text: string): string[] {
  return NEEDLES.filter((needle) => text.includes(needle));
}

const header = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, '');

/** Says a text back in one of the ways that an answer has. */
function echo(path: string, shown: readonly string[], response: ServerResponse): void {
  const forms = shown.flatMap(formsOf);
  const all = forms.join(' ');
  const json = JSON.stringify({ message: all, errors: forms, [`key ${shown[0]}`]: shown, deep: [{ all }] });
  switch (path) {
    case '/body':
      response.setHeader('content-type', 'application/json');
      return void response.end(json);
    case '/text':
      return void response.end(all);
    case '/header':
      response.setHeader('x-echo', header(all));
      response.setHeader('set-cookie', header(`token=${encodeURIComponent(shown[0]!)}`));
      return void response.end('{}');
    case '/redirect':
      response.statusCode = 302;
      response.setHeader('location', `https://login.example.com/?token=${encodeURIComponent(shown[0]!)}`);
      return void response.end();
    case '/redirect-to-it':
      response.statusCode = 307;
      response.setHeader('location', `https://${Buffer.from(shown[0]!).toString('hex')}.example.com/`);
      return void response.end();
    default:
      response.statusCode = Number(path.slice(1));
      response.end(path === '/400' ? json : all);
  }
}

const PATHS = [
  'body',
  'text',
  'header',
  'redirect',
  'redirect-to-it',
  '400',
  '403',
  '404',
  '409',
  '500',
  '401',
];
const CALLS = PATHS.map((name): CallSpec => ({
  name,
  method: 'POST',
  path: `/${name}`,
  purpose: 'finding out what comes back',
  effect: 'write',
  delivery: 'repeatable',
  timeoutMs: 5_000,
  ...(name === '409' ? { handles: [409] } : {}),
}));

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

const listener: RequestListener = (request, response) => {
  request.resume().on('end', () => {
    const { pathname } = new URL(request.url!, 'http://vendor.example');
    if (pathname === '/token') {
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ access_token: MINTED, expires_in: 3_600, echo: SECRET }));
    }
    return echo(pathname, [SECRET, MINTED], response);
  });
};

/** All bytes that go over pipes and sockets of this process, but those of its HTTP. */
function tapFrames(): () => string {
  const written: Buffer[] = [];
  const { write } = Socket.prototype;
  jest.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...args: unknown[]) {
    const isPipe = this.remotePort === undefined;
    if (isPipe && Buffer.isBuffer(args[0])) written.push(args[0]);
    return (write as (...all: unknown[]) => boolean).apply(this, args);
  });
  return () => Buffer.concat(written).toString('utf8');
}

async function record(auth: AuthSpec): Promise<{ result: InvocationResult; frames: string }> {
  const vendor = await startLoopbackVendor(listener);
  const broker = createBroker({
    vault: { reveal: async () => ({ token: SECRET }) },
    governor: new LocalGovernor(),
    clock: { now: () => Date.now(), sleep: async () => undefined },
  });
  const runtime = new SandboxedPluginRuntime({ broker, bundleFolder: async () => folder });
  opened.push(vendor, broker, runtime);
  const frames = tapFrames();
  const target = targetOf('recorder');
  const settings = { baseUrl: vendor.url, clientId: 'drover' };
  const manifest = { ...target.manifest, calls: CALLS, connection: { schema: {}, auth: { own: auth } } };
  const result = await runtime.invoke(
    { ...target, manifest, connection: { ...target.connection, settings } },
    contextOf({ calls: PATHS }),
    executeOf(objectsOf(1)),
    optionsOf(),
  );
  return { result, frames: frames() };
}

test('the search finds every form', () => {
  const all = [SECRET, MINTED].flatMap(formsOf).join('\n');
  expect(findIn(all)).toEqual(NEEDLES);
});

describe('a vendor that says the secret back in all that an answer has', () => {
  test.each<AuthSpec>([
    { type: 'header', name: 'x-token', secret: 'token' },
    { type: 'query', name: 'token', secret: 'token' },
    { type: 'body', name: 'token', secret: 'token' },
    { type: 'basic', username: 'clientId', secret: 'token' },
    {
      type: 'oauth2-client-credentials',
      tokenPath: '/token',
      clientId: 'clientId',
      secret: 'token',
      credentialsIn: 'body',
    },
  ])('tells the plugin nothing ($type)', async (auth) => {
    const { result, frames } = await record(auth);
    expect(result.ok).toBe(true);
    const mentions = auth.type === 'oauth2-client-credentials' ? [SECRET, MINTED] : [SECRET];
    const needles = mentions.flatMap(needlesOf);
    const everything = `${frames}\n${JSON.stringify(result)}`;
    // The frames were tapped: they hold what the plugin was told, with something else in the secret's place.
    expect(frames).toContain('"kind":"invoke"');
    expect(frames.split('[REDACTED]').length).toBeGreaterThan(20);
    for (const path of PATHS) expect(JSON.stringify(result)).toContain(`"name":"${path}"`);
    expect(needles.filter((needle) => everything.includes(needle))).toEqual([]);
    // Within JSON within JSON.
    const unescaped = everything.replaceAll('\\\\', '\\').replaceAll('\\"', '"');
    expect(needles.filter((needle) => unescaped.includes(needle))).toEqual([]);
  });
});
