import { afterEach, describe, expect, test } from '@jest/globals';
import { type AnyCommandDefinition, defineAction, defineCommand, succeeded } from '@drover/plugin-sdk';
import { goodPluginManifest } from '../bundles/good-bundle.js';
import { vendorMock } from '../http/vendor-mock.js';
import { createHarness, type PluginHarness } from './plugin-harness.js';
import { pluginObjects } from './plugin-objects.js';

const call = { purpose: 'asking', delivery: 'repeatable' as const };
const manifest = {
  ...goodPluginManifest('tag-host'),
  connection: { schema: {}, auth: { none: { type: 'none' as const } } },
  calls: [
    {
      ...call,
      name: 'findUsers',
      method: 'GET' as const,
      path: '/users',
      query: ['ids'],
      effect: 'read' as const,
    },
    { ...call, name: 'close', method: 'POST' as const, path: '/close', effect: 'write' as const },
  ],
};
const asCommand = {
  ...manifest,
  kind: 'command' as const,
  output: {
    type: 'object',
    properties: { names: { type: 'array', items: { type: ['string', 'null'] } } },
  },
};

interface User {
  name: string;
}

const users = {
  user: {
    batch: 2,
    ttlMs: 60_000,
    load: async (keys: readonly string[], context: { call: PluginCall }) => {
      const { body } = await context.call<Record<string, User>>('findUsers', {
        query: { ids: keys.join(',') },
      });
      return Object.fromEntries(keys.map((key) => [key, body[key] ? { name: body[key].name } : null]));
    },
  },
};
type PluginCall = <Body>(name: string, params?: object) => Promise<{ body: Body }>;

let harness: PluginHarness;
afterEach(() => harness.close());

function commandHarness(definition: AnyCommandDefinition): PluginHarness {
  const connection = { settings: { baseUrl: 'https://api.example.com' } };
  harness = createHarness({ definition, manifest: asCommand, connection, config: {} });
  return harness;
}

describe('a command in the harness', () => {
  const vendor = vendorMock('https://api.example.com');

  test('takes a read-only input and gives its output, with look-ups', async () => {
    vendor.get('/users', { status: 200, body: { u1: { name: 'Ann' } } }, { query: { ids: 'u1,u2' } });
    const command = defineCommand<{ ids: string[] }, { names: (string | null)[] }>({
      resolvers: users,
      run: async (input, context) => {
        expect(Object.isFrozen(input.ids)).toBe(true);
        expect(context).not.toHaveProperty('run');
        const found = await context.resolve<{ name: string }>('user', input.ids);
        return { names: [...found.values()].map((user) => user?.name ?? null) };
      },
    });
    const { output, figures } = await commandHarness(command).command({ ids: ['u1', 'u2'] });
    expect(output).toEqual({ names: ['Ann', null] });
    expect(figures.vendorCalls).toBe(1);
  });

  test('an output that does not fit its schema is the vendor’s breach, with every place', async () => {
    const command = defineCommand({ run: async () => ({ names: ['Ann', 7, false] }) });
    const { status, fault, output } = await commandHarness(command).command({});
    expect([status, output]).toEqual(['failed', undefined]);
    expect(fault).toMatchObject({
      code: 'VENDOR_CONTRACT',
      path: '/names/1',
      message: expect.stringContaining('must be of type string or null'),
      problems: [{ path: '/names/1' }, { path: '/names/2' }],
    });
  });

  test('a plan shows its first write', async () => {
    const command = defineCommand({
      run: async (_input, context) => (await context.call('close', { json: { id: 7 } })).body,
    });
    const { planned, output } = await commandHarness(command).command({}, { mode: 'plan' });
    expect(output).toBeUndefined();
    expect(planned).toMatchObject({
      call: 'close',
      method: 'POST',
      path: '/close',
      body: { value: { id: 7 } },
    });
  });

  test('a resolver may only read', async () => {
    const command = defineCommand({
      resolvers: {
        user: {
          batch: 1,
          ttlMs: 0,
          load: async (keys, context) => {
            await context.call('close');
            return Object.fromEntries(keys.map((key) => [key, null]));
          },
        },
      },
      run: async (_input, context) => Object.fromEntries(await context.resolve('user', ['u1'])),
    });
    const { fault } = await commandHarness(command).command({});
    expect(fault).toMatchObject({
      code: 'WRITE_NOT_ALLOWED',
      message: expect.stringContaining('a resolver'),
    });
  });

  test('code of another kind than its manifest says is refused', async () => {
    const action = defineAction({ execute: async ({ objects }) => objects.map((one) => succeeded(one)) });
    harness = createHarness({
      definition: action,
      manifest: asCommand,
      connection: { settings: { baseUrl: 'https://api.example.com' } },
    });
    expect((await harness.command({})).fault).toMatchObject({ code: 'PLUGIN_CONTRACT', path: '/kind' });
  });

  test('objects of an action that run at a time share their look-ups', async () => {
    vendor.get('/users', { status: 200, body: { u1: { name: 'Ann' } } }, { query: { ids: 'u1,u2' } });
    vendor.get('/users', { status: 200, body: {} }, { query: { ids: 'u3' } });
    const action = defineAction({
      resolvers: users,
      executeOne: async (object, context) => {
        const found = await context.resolve<{ name: string }>('user', [object.value]);
        return succeeded(object, { data: { name: found.get(object.value)?.name ?? null } });
      },
    });
    harness = createHarness({
      definition: action,
      manifest: { ...manifest, limits: { ...manifest.limits, concurrency: 8 } },
      connection: { settings: { baseUrl: 'https://api.example.com' } },
    });
    const { outcomes, figures } = await harness.execute(pluginObjects(['u1', 'u2', 'u3', 'u1']));
    expect(outcomes.map(({ data }) => data?.name)).toEqual(['Ann', 'Ann', null, null]);
    expect(figures.vendorCalls).toBe(2);
  });
});
