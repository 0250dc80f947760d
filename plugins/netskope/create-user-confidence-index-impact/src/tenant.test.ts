import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { createNetskopeSimulator, type NetskopeSimulatorOptions } from '@drover/simulators';
import { createHarness, pluginObjects } from '@drover/testing';
import action from './index.js';

/** The action against a whole tenant, which counts every impact. */
const TOKEN = 'a-token-of-the-rest-api-v2';
const PATH = '/api/v2/incidents/user/uciimpact';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(options: { tenant?: Partial<NetskopeSimulatorOptions>; timeoutMs?: number } = {}) {
  const simulator = createNetskopeSimulator({ token: TOKEN, ...options.tenant });
  const baseUrl = await simulator.listen();
  const harness = createHarness({
    definition: action,
    manifest: {
      ...manifest,
      calls: manifest.calls.map((call: object) => ({ ...call, timeoutMs: options.timeoutMs ?? 10_000 })),
      limits: { ...manifest.limits, rateGroups: undefined },
    },
    connection: { settings: { baseUrl }, secrets: { apiV2Token: TOKEN } },
    config: { score: 100, useAttribute: false, source: 'Drover', reason: 'a test' },
  });
  closing.push(
    () => harness.close(),
    () => simulator.close(),
  );
  const impactsOf = (user: string) => simulator.state().impacts.filter((impact) => impact.user === user);
  return { simulator, harness, impactsOf };
}

const users = Array.from({ length: 25 }, (_, n) => `user${n}@example.com`);
const people = pluginObjects(users, { subtype: 'Email Address' });

test('each user gets one impact, eight at a time, and each outcome the anomaly of its own', async () => {
  const { harness, simulator, impactsOf } = await start({ tenant: { latencyMs: 20 } });
  const report = await harness.run(people);
  expect(report).toMatchObject({ counts: { succeeded: 25 }, breaches: [], figures: { vendorWrites: 25 } });
  expect(simulator.state().impacts).toHaveLength(25);
  for (const { objectId, data } of report.outcomes) {
    const { value } = people.find(({ id }) => id === objectId)!;
    expect(impactsOf(value)).toMatchObject([{ anomalyId: data!.anomalyId, score: 100, source: 'Drover' }]);
  }
  expect(simulator.requests().mostInFlight).toBe(8);
});

test.each(['before', 'after'] as const)(
  'an answer that is lost %s the impact was taken: it is not sent again',
  async (when) => {
    const { harness, simulator, impactsOf } = await start();
    simulator.order({ when, effect: { kind: 'drop' } });
    const { outcomes } = await harness.execute(people.slice(0, 1));
    expect(outcomes).toMatchObject([{ status: 'failed', code: 'VENDOR_NO_ANSWER' }]);
    expect(impactsOf(users[0]!)).toHaveLength(when === 'before' ? 0 : 1);
    expect(simulator.requests().total).toBe(1);
  },
);

test('a time-out is not sent again', async () => {
  const { harness, simulator, impactsOf } = await start({ timeoutMs: 200 });
  simulator.order({ when: 'after', effect: { kind: 'delay', delayMs: 60_000 } });
  const { outcomes } = await harness.execute(people.slice(0, 1));
  expect(outcomes).toMatchObject([{ status: 'failed', code: 'VENDOR_NO_ANSWER' }]);
  expect(impactsOf(users[0]!)).toHaveLength(1);
});

test('a refused user is rejected, and the others get their impact', async () => {
  const { harness, simulator } = await start();
  const { outcomes } = await harness.execute(
    pluginObjects(['ada', 'grace@example.com'], { type: 'identity' }),
  );
  const statuses = new Map(outcomes.map(({ objectId, status }) => [objectId, status]));
  expect([statuses.get('obj_1'), statuses.get('obj_2')]).toEqual(['rejected', 'succeeded']);
  expect(simulator.state().impacts).toHaveLength(1);
});

test('a token without the right to write stops the run, and nothing is taken', async () => {
  const { harness, simulator } = await start({ tenant: { privileges: { [PATH]: 'read' } } });
  expect((await harness.run(people)).fault).toMatchObject({
    code: 'CREDENTIALS_REFUSED',
    message: expect.stringContaining(PATH),
  });
  expect(simulator.state().impacts).toEqual([]);
});

test('aborted: what was on the way is told, and nothing further leaves', async () => {
  const { harness, simulator } = await start();
  simulator.order({ times: 8, effect: { kind: 'delay', delayMs: 60_000 } });
  const report = await harness.execute(people, { signal: AbortSignal.timeout(150) });
  expect(report).toMatchObject({ outcomes: [], fault: { code: 'CANCELLED' } });
  expect(report.figures.vendorWrites).toBe(8);
  expect(simulator.requests().total).toBe(8);
});
