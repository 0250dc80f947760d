import { afterEach, describe, expect, test } from '@jest/globals';
import type { PluginManifest } from '@drover/model';
import {
  type AnyActionDefinition,
  defineAction,
  Fault,
  pending,
  rejected,
  succeeded,
} from '@drover/plugin-sdk';
import { vendorMock } from '../http/vendor-mock.js';
import { createHarness, type PluginHarness } from './plugin-harness.js';
import { pluginObjects } from './plugin-objects.js';

const manifest: PluginManifest = {
  id: 'example.block-urls',
  version: '1.0.0',
  name: 'Block URLs',
  description: 'Blocks URLs.',
  vendor: 'Example',
  kind: 'action',
  engines: { drover: '^0.1.0' },
  protocol: 1,
  connection: { schema: {}, auth: { token: { type: 'header', name: 'X-Token', secret: 'token' } } },
  config: {},
  calls: [
    {
      name: 'findList',
      method: 'GET',
      path: '/lists',
      purpose: 'finding the list',
      effect: 'read',
      delivery: 'repeatable',
    },
    {
      name: 'block',
      method: 'POST',
      path: '/lists/{id}/urls',
      purpose: 'blocking URLs',
      effect: 'write',
      delivery: 'repeatable',
      handles: [400],
    },
    {
      name: 'deploy',
      method: 'POST',
      path: '/deploy',
      purpose: 'deploying',
      effect: 'write',
      delivery: 'repeatable',
    },
  ],
  limits: { objectsPerRun: { default: 100, max: 100 }, batch: { objects: 2 } },
  triggers: ['manual'],
};

const definition = defineAction<{ list: string }, Record<string, unknown>, { id: number }>({
  testConnection: async (context) => {
    const { status } = await context.call('findList');
    return [{ step: 'read the lists', ok: status === 200 }];
  },
  prepare: async (context) => {
    const { body } = await context.call<{ id: number; name: string }[]>('findList');
    const list = body.find(({ name }) => name === context.config.list);
    if (!list) throw new Fault('LIST_NOT_FOUND', `There is no list ${context.config.list}.`);
    return { id: list.id };
  },
  execute: async (batch, context) => {
    const urls = batch.objects.map(({ value }) => value);
    const { status } = await context.call('block', { params: { id: context.prepared.id }, json: { urls } });
    if (status === 200) return batch.objects.map((object) => succeeded(object));
    return batch.objects.map((object) => rejected(object, { code: 'URL_REFUSED', message: 'Refused.' }));
  },
  finish: async (summary, context) => {
    if (summary.vendorWrites > 0) await context.call('deploy');
  },
});

let harness: PluginHarness;
afterEach(() => harness.close());

function harnessOf(options: { definition?: AnyActionDefinition; config?: Record<string, unknown> } = {}) {
  harness = createHarness({
    definition,
    manifest,
    connection: { settings: { baseUrl: 'https://api.example.com' }, secrets: { token: 'a-secret-token' } },
    config: { list: 'blocked' },
    ...options,
  });
  return harness;
}

describe('the harness', () => {
  const vendor = vendorMock('https://api.example.com');
  const lists = { status: 200, body: [{ id: 7, name: 'blocked' }] };
  const urls = pluginObjects(['https://a.example.org', 'https://b.example.org', 'https://c.example.org']);

  test('drives a run: prepare, batches, finish', async () => {
    vendor.get('/lists', lists);
    vendor.post('/lists/7/urls', { status: 200, body: {} }, { times: 2 });
    vendor.post('/deploy', { status: 200, body: {} });
    const report = await harnessOf().run(urls);
    expect(report).toMatchObject({
      prepared: { id: 7 },
      counts: { succeeded: 3 },
      breaches: [],
      figures: { vendorCalls: 4, vendorWrites: 3 },
    });
    expect(vendor.requests.map(({ headers }) => headers['x-token'])).toEqual(Array(4).fill('a-secret-token'));
    expect(vendor.requests[1]!.body).toEqual({ urls: ['https://a.example.org', 'https://b.example.org'] });
  });

  test('executes one batch over what was prepared', async () => {
    vendor.post('/lists/9/urls', { status: 400, body: {} });
    const { outcomes, fault } = await harnessOf().execute(urls.slice(0, 1), { prepared: { id: 9 } });
    expect(fault).toBeUndefined();
    expect(outcomes).toEqual([
      { objectId: 'obj_1', status: 'rejected', code: 'URL_REFUSED', message: 'Refused.' },
    ]);
  });

  test('polls what is pending without waiting for its time', async () => {
    const polled: [string, unknown, number][] = [];
    const slow = defineAction({
      execute: async ({ objects: [first, ...others] }) => [
        pending(first!, { token: 0, pollAfterMs: 60_000 }),
        ...others.map((object) => succeeded(object)),
      ],
      poll: async (due) =>
        due.map(({ object, token, polls }) => {
          polled.push([object.id, token, polls]);
          return polls < 2 ? pending(object, { token: polls + 1, pollAfterMs: 60_000 }) : succeeded(object);
        }),
    });
    const harness = harnessOf({ definition: slow });
    const batch = await harness.execute(urls.slice(0, 2));
    expect(batch).toMatchObject({ outcomes: [{ objectId: urls[1]!.id }], breaches: [] });
    expect(batch.pending).toMatchObject([{ objectId: urls[0]!.id, token: 0 }]);
    const report = await harness.run(urls.slice(0, 2));
    expect(report).toMatchObject({ pending: [], counts: { succeeded: 2 }, breaches: [] });
    const { id } = urls[0]!;
    expect(polled).toEqual([
      [id, 0, 0],
      [id, 1, 1],
      [id, 2, 2],
    ]);
  });

  test('a fault ends the run before its next batch', async () => {
    vendor.get('/lists', lists);
    vendor.post('/lists/7/urls', { status: 401, body: {} });
    const report = await harnessOf().run(urls);
    expect(report).toMatchObject({
      outcomes: [],
      fault: { code: 'CREDENTIALS_REFUSED' },
      counts: { succeeded: 0 },
    });
    expect(report.finishFault).toBeUndefined();
  });

  test('a fault of prepare is the run’s', async () => {
    vendor.get('/lists', { status: 200, body: [] });
    expect(await harnessOf().run(urls)).toMatchObject({ fault: { code: 'LIST_NOT_FOUND' } });
  });

  test('tests a connection', async () => {
    vendor.get('/lists', lists);
    expect((await harnessOf().testConnection()).value).toEqual([{ step: 'read the lists', ok: true }]);
  });

  test('says what the engine will hold against the plugin', async () => {
    const drops = defineAction({
      execute: async (batch) => [succeeded({ id: 'obj_99' }), succeeded(batch.objects[0]!)],
    });
    const { breaches } = await harnessOf({ definition: drops }).execute(urls.slice(0, 2));
    expect(breaches).toEqual([
      expect.stringContaining('obj_99'),
      expect.stringContaining('no outcome for this object'),
    ]);
  });

  test('what a plugin is given is a copy, and frozen', async () => {
    const mutates = defineAction({
      execute: async (batch, context) => {
        (context.config as Record<string, unknown>).list = 'other';
        return batch.objects.map((object) => succeeded(object));
      },
    });
    const { fault } = await harnessOf({ definition: mutates }).execute(urls);
    expect(fault).toMatchObject({ code: 'PLUGIN_ERROR', message: expect.stringContaining('read only') });
  });

  test('a hook stops when its signal aborts', async () => {
    const waits = defineAction({
      execute: (_batch, context) =>
        new Promise((_resolve, reject) =>
          context.signal.addEventListener('abort', () => reject(context.signal.reason as Error)),
        ),
    });
    const signal = AbortSignal.timeout(20);
    expect(await harnessOf({ definition: waits }).execute(urls, { signal })).toMatchObject({
      fault: { code: 'CANCELLED' },
    });
  });
});
