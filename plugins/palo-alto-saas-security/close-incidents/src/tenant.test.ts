import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createSaasSecuritySimulator, type SaasSecuritySimulator } from '@drover/simulators';
import { createHarness, type PluginHarness, pluginObjects } from '@drover/testing';
import action from './index.js';

const CLIENT = { clientId: 'client', clientSecret: 'secret-of-tests' };
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const CONFIG = {
  category: 'No Reason',
  fromAttributes: false,
  stateAttribute: 'state',
  categoryAttribute: 'category',
  changeCategory: true,
};

let simulator: SaasSecuritySimulator;
let harness: PluginHarness;

beforeEach(async () => {
  simulator = createSaasSecuritySimulator({ ...CLIENT, incidents: 50 });
  harness = createHarness({
    definition: action,
    manifest: { ...manifest, limits: { ...manifest.limits, rateGroups: undefined } },
    connection: {
      settings: { baseUrl: await simulator.listen(), clientId: CLIENT.clientId },
      secrets: { clientSecret: CLIENT.clientSecret },
    },
    config: CONFIG,
  });
});

afterEach(async () => {
  await harness.close();
  await simulator.close();
});

const objects = pluginObjects(
  Array.from({ length: 52 }, (_, index) => `example/${index + 1}`),
  { type: 'incident', subtype: undefined as never },
);

test('a collection is closed once; again, nothing is sent', async () => {
  const closed = simulator.state().incidents.filter(({ category }) => category === 'no_reason').length;
  const first = await harness.run(objects);
  expect(first).toMatchObject({
    counts: { succeeded: 50 - closed, unchanged: closed, rejected: 2 },
    breaches: [],
  });
  expect(simulator.state().incidents.every(({ category }) => category === 'no_reason')).toBe(true);
  expect(simulator.state().stateWrites).toBe(50 - closed);
  expect((await harness.run(objects)).counts).toMatchObject({ unchanged: 50, rejected: 2 });
  expect(simulator.state().stateWrites).toBe(50 - closed);
});

test('the connection test says step by step what it found', async () => {
  expect((await harness.testConnection()).value).toMatchObject([
    { ok: true },
    { step: expect.stringContaining('token'), ok: true },
    { step: 'read incidents', ok: true },
  ]);
});
