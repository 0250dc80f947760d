import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  type LoopbackVendor,
  goodPluginManifest,
  startLoopbackVendor,
  writeVendorFolder,
} from '@drover/testing';
import { BuiltDrover, isAlive, until } from './built-drover.js';
import { CommandLine } from './command-line.js';
import { describeGrounds } from './describe-grounds.js';
import { openTasks } from './run-books.js';

const HOSTS = Array.from({ length: 5 }, (_, n) => `host${n}.example.com`);

/** An action that orders a scan for each host, which the vendor finishes whenever it likes. */
const SCAN_HOST = {
  'tag-host/plugin.json': JSON.stringify(
    goodPluginManifest('tag-host', {
      calls: [
        {
          name: 'order',
          method: 'POST',
          path: '/orders',
          purpose: 'ordering a scan',
          effect: 'write',
          delivery: 'once',
        },
        {
          name: 'states',
          method: 'GET',
          path: '/orders',
          query: ['ids'],
          purpose: 'reading the states of scans',
          effect: 'read',
          delivery: 'repeatable',
        },
      ],
      limits: { objectsPerRun: { default: 100, max: 100 }, batch: { objects: 3 }, maxPollMs: 600_000 },
    }),
  ),
  'tag-host/src/index.ts': `import { defineAction, pending, succeeded } from '@drover/plugin-sdk';

const AGAIN_MS = 1_000;

export default defineAction({
  async executeOne(object, context) {
    const { body } = await context.call<{ id: string }>('order', { json: { host: object.value } });
    return pending(object, { token: body.id, pollAfterMs: AGAIN_MS, data: { order: body.id } });
  },

  async poll(due, context) {
    const ids = due.map(({ token }) => String(token)).join(',');
    const { body } = await context.call<Record<string, string>>('states', { query: { ids } });
    return due.map(({ object, token }) =>
      body[String(token)] === 'done' ? succeeded(object) : pending(object, { token, pollAfterMs: AGAIN_MS }),
    );
  },
});
`,
};

/** Takes orders, and holds its answers to polls back on request. */
class ScanVendor {
  readonly orders: string[] = [];
  isDone = false;
  /** Called with each poll that is held. */
  onPoll: (() => void) | undefined;

  readonly listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = (body: unknown): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.method === 'POST') {
      const { host } = JSON.parse(await text(request)) as { host: string };
      this.orders.push(host);
      return answer({ id: `order-${host}` });
    }
    if (this.onPoll !== undefined) return this.onPoll();
    const ids = new URL(request.url!, 'http://localhost').searchParams.get('ids')!.split(',');
    answer(Object.fromEntries(ids.map((id) => [id, this.isDone ? 'done' : 'working'])));
  };
}

let drover: CommandLine;
let server: LoopbackVendor;
let vendor: ScanVendor;

describeGrounds((ground) => {
  beforeAll(async () => {
    drover = await CommandLine.open({ ground });
    vendor = new ScanVendor();
    server = await startLoopbackVendor((request, response) => void vendor.listener(request, response));
    const sources = join(drover.folder, 'acme');
    await writeVendorFolder(sources, SCAN_HOST);
    const bundle = join(drover.folder, 'acme.zip');
    await drover.json('plugin', 'pack', sources, '--output', bundle);
    await drover.json('plugin', 'install', bundle);
    const account = ['--vendor', 'Acme', '--set', `baseUrl=${server.url}`, '--proxy', 'none'];
    const connect = ['connection', 'create', 'lab', ...account, '--secret-stdin', 'token'];
    expect(await drover.run(connect, { stdin: 'a-long-enough-token\n' })).toMatchObject({ exitCode: 0 });
    const file = join(drover.folder, 'hosts.txt');
    await writeFile(file, HOSTS.join('\n'));
    const asHosts = ['--type', 'indicator', '--subtype', 'FQDN'];
    await drover.json('objects', 'import', file, '--collection', 'hosts', ...asHosts);
  }, 60_000);

  afterAll(async () => {
    await drover.close();
    await server.close();
  });

  it('a run that is killed while objects are parked, and again during a poll, is finished without a second order', async () => {
    const built = BuiltDrover.beside(drover);
    const doomed = built.start([
      'action',
      'run',
      'acme.tag-host',
      '--collection',
      'hosts',
      '--connection',
      'lab',
    ]);
    const parked = async () => (await drover.json('run', 'list')).data[0]?.pending?.objects === HOSTS.length;
    await until(parked, { what: 'five pending objects' });
    const plugins = doomed.children;
    await doomed.killed();
    await until(() => !plugins.some(isAlive), { what: 'the end of the plugin processes' });
    const [{ id, isInterrupted }] = (await drover.json('run', 'list')).data;
    expect(isInterrupted).toBe(true);
    expect((await drover.run(['run', 'show', id])).stdout).toMatch(/not finished all objects: 5 pending, /);

    const polled = Promise.withResolvers<void>();
    vendor.onPoll = () => polled.resolve();
    const polling = built.start(['run', 'resume', id]);
    await polled.promise;
    await polling.killed();

    vendor.onPoll = undefined;
    vendor.isDone = true;
    const resumed = await built.run(['run', 'resume', id, '--json']);
    expect(resumed).toMatchObject({
      exitCode: 0,
      json: { status: 'succeeded', summary: { counts: { succeeded: 5 }, remaining: 0 } },
    });
    expect(resumed.json).not.toHaveProperty('pending');
    expect(vendor.orders.toSorted()).toEqual(HOSTS);
    const exported = await drover.run(['run', 'export', id]);
    expect(exported.stdout).toContain('order-host0.example.com');
    expect(await openTasks(drover)).toBe(0);
    await built.close();
  }, 60_000);
});
