import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Fault, type FaultCode, type PluginObject } from '@drover/model';
import type { Invocation, InvokeOptions } from '@drover/engine';
import { FakeBroker } from '../../test/fake-broker.js';
import { contextOf, executeOf, objectsOf, optionsOf, targetOf } from '../../test/invocations.js';
import { bundleEntry, createPluginFolder, removeFolder } from '../../test/plugin-folder.js';
import { SandboxedPluginRuntime } from './sandboxed-plugin-runtime.js';

const ENTRY = `
import { defineAction, Fault, rejected, succeeded } from '@drover/plugin-sdk';
import { servePlugins } from '@drover/plugin-sdk/serve';
const started = Math.random();
servePlugins({
  batches: defineAction({
    testConnection: async (context) => [{ step: 'ping', ok: (await context.call('ping')).status === 200 }],
    prepare: async (context) => ({ list: context.config.list, base: context.connection.baseUrl }),
    execute: async (batch, context) => batch.objects.map((o) => succeeded(o, { data: { prepared: context.prepared, started } })),
    finish: async (summary, context) => context.log.info('finished', { ...summary, prepared: context.prepared }),
  }),
  ones: defineAction({
    executeOne: async (object, context) => {
      const { body } = await context.call('one', { params: { id: object.id } });
      if (body.fault) throw new Fault(body.fault, 'As ordered.');
      return succeeded(object);
    },
  }),
  whole: defineAction({
    executeAll: async function* (pages) {
      for await (const page of pages) yield page.map((object) => succeeded(object));
    },
  }),
  'reads much': defineAction({
    execute: async (batch, context) => {
      const replies = await Promise.all(Array.from({ length: 40 }, () => context.call('much')));
      return [replies.reduce((sum, { body }) => sum + body.length, 0)];
    },
  }),
  forgets: defineAction({
    execute: async (batch, context) => {
      void context.call('slow');
      return batch.objects.map((object) => succeeded(object));
    },
  }),
  caches: defineAction({
    execute: async (batch, context) => {
      const before = await context.cache.get('key');
      await context.cache.set('key', { count: (before?.count ?? 0) + 1 }, { ttlMs: 60_000 });
      return [before ?? null];
    },
  }),
});
`;

let folder: string;
let broker: FakeBroker;
let runtime: SandboxedPluginRuntime;

beforeAll(async () => {
  folder = await createPluginFolder(await bundleEntry(ENTRY, { resolveDir: import.meta.dirname }));
});
afterAll(() => removeFolder(folder));
beforeEach(() => {
  broker = new FakeBroker();
  runtime = new SandboxedPluginRuntime({ broker, bundleFolder: async () => folder, limits: { idleMs: 100 } });
});
afterEach(() => runtime.close());

function invoke(
  plugin: string,
  invocation: Invocation,
  { runId, ...options }: Partial<InvokeOptions> & { runId?: string } = {},
) {
  const target = targetOf(plugin, { limits: { concurrency: 3 } });
  const context = contextOf({ list: 'blocked' }, { runId });
  return runtime.invoke(target, context, invocation, optionsOf(options));
}

const processOf = async () => {
  const result = await invoke('batches', executeOf(objectsOf(1)));
  return (result as { value: [{ data: { started: number } }] }).value[0].data.started;
};

test('a process that was started ahead serves the first hook', async () => {
  let starts = 0;
  const bundleFolder = async () => ((starts += 1), folder);
  await runtime.close();
  runtime = new SandboxedPluginRuntime({ broker, bundleFolder, limits: { idleMs: 1_000 } });
  await runtime.warm(targetOf('batches'));
  expect(starts).toBe(1);
  const first = await processOf();
  expect([starts, await processOf()]).toEqual([1, first]);
});

test('a start ahead that fails is told to the hook that comes', async () => {
  await runtime.close();
  const bundleFolder = async () => {
    throw new Fault('NOT_FOUND', 'It is not stored any more.');
  };
  runtime = new SandboxedPluginRuntime({ broker, bundleFolder });
  await runtime.warm(targetOf('batches'));
  expect(await invoke('batches', executeOf(objectsOf(1)))).toMatchObject({ fault: { code: 'NOT_FOUND' } });
});

test('each hook gets what it is to get', async () => {
  expect(await invoke('batches', { hook: 'testConnection' })).toMatchObject({
    ok: true,
    value: [{ step: 'ping', ok: true }],
  });
  const prepared = { list: 'blocked', base: 'https://api.example.com' };
  expect(await invoke('batches', { hook: 'prepare' })).toMatchObject({ ok: true, value: prepared });
  expect(await invoke('batches', executeOf(objectsOf(2), prepared))).toMatchObject({
    ok: true,
    value: [
      { objectId: 'obj_0', status: 'succeeded', data: { prepared } },
      { objectId: 'obj_1', status: 'succeeded', data: { prepared } },
    ],
  });
  const counts = { succeeded: 2, unchanged: 0, skipped: 0, rejected: 0, failed: 0, deferred: 0, unknown: 0 };
  const finished = await invoke('batches', { hook: 'finish', prepared, counts, vendorWrites: 1 });
  expect(finished).toMatchObject({
    ok: true,
    value: undefined,
    figures: { log: [{ level: 'info', message: 'finished', fields: { counts, vendorWrites: 1, prepared } }] },
  });
});

test('a hook that the plugin does not have does nothing', async () => {
  expect(await invoke('ones', { hook: 'prepare' })).toMatchObject({ ok: true, value: undefined });
  expect(await invoke('ones', { hook: 'testConnection' })).toMatchObject({ ok: true, value: undefined });
});

test('many hooks share one process', async () => {
  const processes = await Promise.all(Array.from({ length: 20 }, processOf));
  expect(new Set(processes).size).toBe(1);
});

test('an idle process is stopped, and the next hook gets a new one', async () => {
  const first = await processOf();
  expect(await processOf()).toBe(first);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await processOf()).not.toBe(first);
});

test('executeOne runs so many objects at a time as the manifest says, each call covering its object', async () => {
  let inFlight = 0;
  let most = 0;
  broker.answer = async () => {
    most = Math.max(most, ++inFlight);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inFlight -= 1;
    return {};
  };
  const result = await invoke('ones', executeOf(objectsOf(10)));
  expect(result).toMatchObject({ ok: true });
  expect((result as { value: unknown[] }).value).toHaveLength(10);
  expect(most).toBe(3);
  expect(broker.calls.map(({ params }) => params.covers)).toEqual(objectsOf(10).map(({ id }) => [id]));
});

test('batches of one plugin share what it may have in flight, of whichever run, and the next begins before the last has ended', async () => {
  const secondBegan = Promise.withResolvers<void>();
  let inFlight = 0;
  let most = 0;
  broker.answer = async (_name, { params }) => {
    most = Math.max(most, ++inFlight);
    if (params!.id === 'obj_10') secondBegan.resolve();
    // The first batch cannot end before the second has begun.
    await (params!.id === 'obj_0' ? secondBegan.promise : new Promise((resolve) => setTimeout(resolve, 10)));
    inFlight -= 1;
    return {};
  };
  const objects = objectsOf(20);
  const onOutcomes = async () => {};
  const results = await Promise.all([
    invoke('ones', executeOf(objects.slice(0, 10)), { onOutcomes }),
    invoke('ones', executeOf(objects.slice(10)), { onOutcomes, runId: 'run_another' }),
  ]);
  expect(results).toMatchObject([{ ok: true }, { ok: true }]);
  expect(most).toBe(3);
});

test('a batch in a process of its own shares it as well', async () => {
  let inFlight = 0;
  let most = 0;
  broker.answer = async () => {
    most = Math.max(most, ++inFlight);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inFlight -= 1;
    return {};
  };
  const suspect = { ownProcess: true };
  const results = await Promise.all([
    invoke('ones', executeOf(objectsOf(10))),
    invoke('ones', executeOf(objectsOf(10)), suspect),
    invoke('ones', executeOf(objectsOf(10)), suspect),
  ]);
  expect(results).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
  expect(most).toBe(3);
});

test('a batch that waits for its turn ends at once when it is cancelled', async () => {
  const going = Promise.withResolvers<object>();
  broker.answer = () => going.promise;
  const first = invoke('ones', executeOf(objectsOf(10)));
  const cancel = new AbortController();
  const second = invoke('ones', executeOf(objectsOf(10)), { signal: cancel.signal });
  await new Promise((resolve) => setTimeout(resolve, 100));
  cancel.abort();
  expect(await second).toMatchObject({ ok: false, fault: { code: 'CANCELLED' } });
  going.resolve({});
  expect(await first).toMatchObject({ ok: true });
});

test('a fault of one object is its outcome', async () => {
  broker.answer = (_name, params) => (params.params!.id === 'obj_1' ? { fault: 'VENDOR_REFUSED' } : {});
  const result = await invoke('ones', executeOf(objectsOf(3)));
  expect(result).toMatchObject({ ok: true });
  expect((result as { value: unknown[] }).value).toContainEqual({
    objectId: 'obj_1',
    status: 'failed',
    code: 'VENDOR_REFUSED',
    message: 'As ordered.',
  });
});

test('a credential fault ends executeOne, and what was done before is told', async () => {
  broker.answer = (_name, params) => {
    if (params.params!.id === 'obj_4') throw new Fault('CREDENTIALS_REFUSED', 'The token is not valid.');
    return {};
  };
  const told: unknown[] = [];
  const result = await invoke('ones', executeOf(objectsOf(50)), {
    onOutcomes: async (outcomes) => void told.push(...outcomes),
  });
  expect(result).toMatchObject({ ok: false, fault: { code: 'CREDENTIALS_REFUSED' } });
  expect(broker.calls.length).toBeLessThan(10);
  expect(told).toHaveLength(broker.calls.length - 1);
});

describe('a fault in one batch of a run', () => {
  const [first, second] = [objectsOf(40).slice(0, 20), objectsOf(40).slice(20)];
  const sentOf = (objects: PluginObject[]) =>
    objects.filter(({ id }) => broker.calls.some(({ params }) => params.params!.id === id)).length;

  function failAt(id: string, code: FaultCode): void {
    broker.answer = (_name, { params }) => {
      if (params!.id === id) throw new Fault(code, 'As ordered.');
      return {};
    };
  }

  test.each([
    ['CREDENTIALS_REFUSED', 0],
    ['VENDOR_REFUSED', 20],
  ] as const)('%s leaves %i calls to the batch in line', async (code, reached) => {
    failAt('obj_4', code);
    await Promise.all([invoke('ones', executeOf(first)), invoke('ones', executeOf(second))]);
    expect(sentOf(second)).toBe(reached);
  });

  test.each(['ones', 'batches'])(
    'that stops the run ends a batch of %s that comes after it',
    async (plugin) => {
      failAt('obj_4', 'CREDENTIALS_REFUSED');
      await invoke('ones', executeOf(first));
      const late = await invoke(plugin, executeOf(second));
      expect(late).toMatchObject({
        ok: false,
        fault: { code: 'CREDENTIALS_REFUSED', message: 'As ordered.' },
        figures: { vendorCalls: 0 },
      });
      expect(sentOf(second)).toBe(0);
    },
  );

  test('that stops the run stops no other run, and not the end of its own', async () => {
    failAt('obj_4', 'CREDENTIALS_REFUSED');
    await invoke('ones', executeOf(first));
    const other = await invoke('ones', executeOf(second), { runId: 'run_other' });
    expect(other).toMatchObject({ ok: true });
    expect(await invoke('batches', { hook: 'prepare' })).toMatchObject({ ok: true });
  });
});

async function* pagesOf(pages: number, size: number) {
  for (let page = 0; page < pages; page += 1) yield objectsOf(size);
}

test('executeAll takes pages and gives outcomes no faster than they are taken', async () => {
  let open = 0;
  let taken = 0;
  const result = await invoke(
    'whole',
    { hook: 'executeAll', pages: pagesOf(5, 100), prepared: null },
    {
      onOutcomes: async (outcomes) => {
        expect(++open).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 10));
        taken += outcomes.length;
        open -= 1;
      },
    },
  );
  expect(result).toMatchObject({ ok: true, value: undefined });
  expect(taken).toBe(500);
});

test('executeAll without a taker returns its outcomes', async () => {
  const result = await invoke('whole', { hook: 'executeAll', pages: pagesOf(2, 10), prepared: null });
  expect((result as { value: unknown[] }).value).toHaveLength(20);
});

test('outcomes that the engine refuses end the hook with its fault', async () => {
  const result = await invoke(
    'whole',
    { hook: 'executeAll', pages: pagesOf(5, 10), prepared: null },
    { onOutcomes: () => Promise.reject(new Fault('LEASE_LOST', 'Another worker has it.')) },
  );
  expect(result).toMatchObject({ ok: false, fault: { code: 'LEASE_LOST' } });
});

test('answers larger than what may be unsent at a time all arrive', async () => {
  const much = 'x'.repeat(2 * 1024 * 1024);
  broker.answer = () => much;
  expect(await invoke('reads much', executeOf([]))).toMatchObject({ ok: true, value: [40 * much.length] });
});

test('a call that nobody awaits is cut off and told, and harms no other hook', async () => {
  let signal: AbortSignal | undefined;
  broker.answer = (name, _params, scope) => {
    if (name !== 'slow') return {};
    signal = scope.signal;
    return new Promise((_resolve, reject) =>
      scope.signal.addEventListener('abort', () => reject(new Error('cut'))),
    );
  };
  const first = await processOf();
  const result = await invoke('forgets', executeOf(objectsOf(1)));
  expect(result).toMatchObject({ ok: true, value: [{ status: 'succeeded' }] });
  expect(result.figures.log).toEqual([
    { level: 'warn', message: expect.stringContaining('has to await them') },
  ]);
  expect(signal!.aborted).toBe(true);
  expect(await processOf()).toBe(first);
});

test('the cache outlives the process', async () => {
  expect(await invoke('caches', executeOf([]))).toMatchObject({ value: [null] });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await invoke('caches', executeOf([]))).toMatchObject({ value: [{ count: 1 }] });
});

test('a broker that cannot open the connection fails the hook', async () => {
  broker.forHook = () => Promise.reject(new Fault('SECRET_UNREADABLE', 'The variable is not set.'));
  expect(await invoke('batches', { hook: 'prepare' })).toMatchObject({
    ok: false,
    fault: { code: 'SECRET_UNREADABLE' },
    figures: { vendorCalls: 0 },
  });
});

test('a closed runtime runs nothing', async () => {
  await processOf();
  await runtime.close();
  expect(await invoke('batches', { hook: 'prepare' })).toMatchObject({
    ok: false,
    fault: { code: 'CANCELLED' },
  });
});
