import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CallSpec, PluginManifest } from '@drover/model';
import { createBroker, LocalGovernor } from '@drover/plugin-host';
import { type AnyActionDefinition, defineAction, rejected, succeeded } from '@drover/plugin-sdk';
import { type Database, migrate, openSqlite } from '@drover/store';
import { type LoopbackVendor, startLoopbackVendor } from '../http/loopback-vendor.js';
import { vendorMock } from '../http/vendor-mock.js';
import { InProcessPluginRuntime } from '../plugins/in-process-plugin-runtime.js';
import { DyingProcess } from './dying-process.js';
import { type EngineWorld, behaviourManifest, openEngineWorld } from './engine-world.js';

const CALL: CallSpec = {
  name: 'createImpact',
  method: 'POST',
  path: '/impacts',
  purpose: 'creating an impact',
  effect: 'write',
  delivery: 'once',
  timeoutMs: 1_000,
  handles: [409],
};
const MANIFEST: Partial<PluginManifest> = {
  calls: [CALL],
  limits: { objectsPerRun: { default: 100, max: 100 }, batch: { objects: 10 }, concurrency: 2 },
};

const definition = defineAction({
  async executeOne(object, context) {
    const { status, body } = await context.call<{ id: string }>('createImpact', {
      json: { host: object.value },
    });
    if (status === 409) return rejected(object, { code: 'EXISTS', message: 'It is there already.' });
    return succeeded(object, { data: { impact: body.id } });
  },
});

/** The engine over the real broker, SDK and store: only the process and its pipe are left out. */
describe('a call that must not be repeated', () => {
  let database: Database;
  const opened: { close(): Promise<void> }[] = [];

  beforeEach(async () => {
    database = openSqlite(':memory:');
    await migrate(database);
  });
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close();
    await database.close();
  });

  function runtimeOf(action: AnyActionDefinition, baseUrl: string): InProcessPluginRuntime {
    const broker = createBroker({
      vault: { reveal: async () => ({ token: 'tok-0123456789' }) },
      governor: new LocalGovernor(),
    });
    const runtime = new InProcessPluginRuntime({ broker, plugins: { [behaviourManifest().id]: action } });
    opened.push(broker);
    return new Proxy(runtime, {
      get: (target, name) =>
        name === 'invoke'
          ? (plugin: Parameters<typeof runtime.invoke>[0], ...rest: [never, never, never]) => {
              const settings = { ...plugin.connection.settings, baseUrl };
              return target.invoke({ ...plugin, connection: { ...plugin.connection, settings } }, ...rest);
            }
          : (Reflect.get(target, name) as () => unknown).bind(target),
    });
  }

  async function openWorld(objects: number, manifest = MANIFEST): Promise<EngineWorld> {
    const world = await openEngineWorld(database, { objects, manifest });
    opened.push(world);
    return world;
  }

  async function runOver(
    baseUrl: string,
    { objects = 1, process }: { objects?: number; process?: DyingProcess } = {},
  ) {
    const world = await openWorld(objects);
    const { runId } = await world.engine.submit(world.submission);
    const runtime = () => runtimeOf(definition, baseUrl);
    const first = world.another(
      {},
      {
        ports: (ports) => {
          const own = { ...ports, runtime: runtime() };
          return process?.ports(own) ?? own;
        },
      },
    );
    await first.engine.start();
    if (process !== undefined) {
      while (!process.isDead) await sleep(2);
      const second = world.another(
        {},
        {
          isDead: () => true,
          ports: (ports) => ({ ...ports, runtime: runtime() }),
        },
      );
      await second.engine.start();
    }
    const run = await world.waitFor(runId!);
    const { data } = await world.engine.outcomes(run.id, { limit: 100 });
    return { run, outcomes: data };
  }

  describe('over a mocked network', () => {
    const vendor = vendorMock('https://api.example.com');

    test.each([
      [201, { status: 'succeeded', data: { impact: 'i-1' } }],
      [409, { status: 'rejected', code: 'EXISTS' }],
      [400, { status: 'failed', code: 'VENDOR_REFUSED' }],
      [302, { status: 'failed', code: 'REDIRECT_REFUSED' }],
      [500, { status: 'unknown', code: 'NO_ANSWER' }],
      [503, { status: 'unknown', code: 'NO_ANSWER' }],
    ])('that is answered %i', async (status, outcome) => {
      vendor.post('/impacts', { status, body: { id: 'i-1' } });
      const { outcomes } = await runOver('https://api.example.com');
      expect(outcomes).toMatchObject([outcome]);
      expect(vendor.requests).toHaveLength(1);
    });

    test.each([
      ['ECONNREFUSED', { deferred: 1, failed: 0 }],
      ['ENOTFOUND', { deferred: 1, failed: 0 }],
      // No other try would meet another certificate.
      ['CERT_HAS_EXPIRED', { deferred: 0, failed: 1 }],
    ])('that %s stops was not sent: another run may send it', async (code, counts) => {
      vendor.fail('POST', '/impacts', { code });
      const world = await openWorld(1);
      const runtime = runtimeOf(definition, 'https://api.example.com');
      const { engine } = world.another({}, { ports: (ports) => ({ ...ports, runtime }) });
      const { runId } = await world.engine.submit(world.submission);
      await engine.start();
      const kinds = () => database.kysely.selectFrom('journal').select('kind').execute();
      while (!(await kinds()).some(({ kind }) => kind === 'unsent')) await sleep(2);
      await engine.cancel(runId!).catch(() => undefined);
      const run = await world.waitFor(runId!);
      expect(run.summary.counts).toMatchObject({ unknown: 0, ...counts });
    });

    test('that a 429 refuses is sent when the limit allows it', async () => {
      vendor.post('/impacts', { status: 429, headers: { 'retry-after': '1' } });
      vendor.post('/impacts', { status: 201, body: { id: 'i-1' } });
      const { outcomes } = await runOver('https://api.example.com');
      expect(outcomes).toMatchObject([{ status: 'succeeded' }]);
      const kinds = await database.kysely.selectFrom('journal').select('kind').orderBy('seq').execute();
      expect(kinds.map(({ kind }) => kind)).toEqual(['unsent', 'call']);
    });

    test('whose answer was kept before the process died is not sent twice', async () => {
      vendor.post('/impacts', { status: 201, body: { id: 'i-1' } });
      const { outcomes } = await runOver('https://api.example.com', {
        process: new DyingProcess({ step: 'before settleBatch' }),
      });
      expect(outcomes).toMatchObject([{ status: 'succeeded', data: { impact: 'i-1' }, attempt: 2 }]);
    });

    test('whose refusal was kept is refused the same way when it is handed out again', async () => {
      vendor.post('/impacts', { status: 400, body: { message: 'too long' } });
      const { outcomes } = await runOver('https://api.example.com', {
        process: new DyingProcess({ step: 'before settleBatch' }),
      });
      expect(outcomes).toMatchObject([{ status: 'failed', code: 'VENDOR_REFUSED' }]);
      expect(outcomes[0]!.message).toContain('too long');
    });

    test('whose process died between intent and answer is unknown', async () => {
      vendor.post('/impacts', { status: 201, body: { id: 'i-1' } });
      const { outcomes } = await runOver('https://api.example.com', {
        process: new DyingProcess({ step: 'before settle' }),
      });
      expect(outcomes).toMatchObject([{ status: 'unknown', code: 'NO_ANSWER' }]);
    });

    test('whose process died right after the intent is unknown, and was not sent', async () => {
      const { outcomes } = await runOver('https://api.example.com', {
        process: new DyingProcess({ step: 'after record' }),
      });
      expect(outcomes).toMatchObject([{ status: 'unknown', code: 'NO_ANSWER' }]);
      expect(vendor.requests).toEqual([]);
    });
  });

  describe('over a real socket', () => {
    type Manner = (request: IncomingMessage, response: ServerResponse) => void;
    const MANNERS: [string, Manner][] = [
      ['is never answered', () => undefined],
      ['is reset', ({ socket }) => socket.resetAndDestroy()],
      [
        'is cut short',
        (_, response) => {
          response.writeHead(201, { 'content-length': '1000' });
          response.write('half', () => response.destroy());
        },
      ],
    ];

    test.each(MANNERS)('that %s is unknown, and is not sent again', async (_, manner) => {
      let arrivals = 0;
      const vendor: LoopbackVendor = await startLoopbackVendor((request, response) => {
        arrivals += 1;
        request.resume().on('end', () => manner(request, response));
      });
      opened.push(vendor);
      const { run, outcomes } = await runOver(vendor.url, { objects: 3 });
      expect(run.summary.counts).toMatchObject({ unknown: 3 });
      expect(outcomes[0]!.evidence).toMatchObject({ call: 'createImpact', result: { kind: 'noAnswer' } });
      expect(arrivals).toBe(3);
    });

    test('does not leave any more when its run was cancelled before its object was begun', async () => {
      const answers: (() => void)[] = [];
      let isOpen = false;
      const vendor = await startLoopbackVendor((request, response) => {
        const answer = () => response.writeHead(201).end('{"id":"i-1"}');
        answers.push(answer);
        request.resume();
        if (isOpen) answer();
      });
      opened.push(vendor);
      const patient = { ...MANIFEST, calls: [{ ...CALL, timeoutMs: 60_000 }] };
      const world = await openWorld(30, patient);
      const runtime = runtimeOf(definition, vendor.url);
      const { engine } = world.another({}, { ports: (ports) => ({ ...ports, runtime }) });
      const { runId } = await world.engine.submit(world.submission);
      await engine.start();
      while (answers.length < 2) await sleep(2);
      await engine.cancel(runId!);
      isOpen = true;
      for (const answer of answers) answer();
      const run = await world.waitFor(runId!);
      expect(run.status).toBe('cancelled');
      const { succeeded: done, deferred, ...others } = run.summary.counts;
      expect(done).toBe(answers.length);
      // Two at the vendor, and two that wait for a place there.
      expect(done).toBeLessThanOrEqual(4);
      expect(done + deferred).toBe(30);
      expect(Object.values(others)).toEqual(Object.values(others).map(() => 0));
    });

    test('leaves when the vendor has a place for it: one whose intent was written ahead is known not to have left', async () => {
      const answers: (() => void)[] = [];
      let most = 0;
      const vendor = await startLoopbackVendor((request, response) => {
        most = Math.max(
          most,
          answers.push(() => response.writeHead(201).end('{"id":"i-1"}')),
        );
        request.resume();
      });
      opened.push(vendor);
      const patient = { ...MANIFEST, calls: [{ ...CALL, timeoutMs: 60_000 }] };
      const world = await openWorld(8, patient);
      const runtime = runtimeOf(definition, vendor.url);
      const { engine } = world.another({}, { ports: (ports) => ({ ...ports, runtime }) });
      const { runId } = await world.engine.submit(world.submission);
      await engine.start();
      const kinds = async () => {
        const rows = await database.kysely.selectFrom('journal').select('kind').orderBy('seq').execute();
        return rows.map(({ kind }) => kind);
      };
      while ((await kinds()).length < 3 || answers.length < 2) await sleep(2);
      await engine.cancel(runId!, { atOnce: true });
      const run = await world.waitFor(runId!);
      expect(most).toBe(2);
      expect(await kinds()).toEqual(['call', 'call', 'unsent']);
      expect(run.summary.counts).toMatchObject({ unknown: 2, deferred: 6 });
    });
  });
});
