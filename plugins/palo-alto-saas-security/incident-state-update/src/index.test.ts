import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';
import { createSaasSecuritySimulator, type SaasSecuritySimulator } from '@drover/simulators';
import { createHarness, type PluginHarness } from '@drover/testing';
import command from './index.js';

const CLIENT = { clientId: 'client', clientSecret: 'secret-of-tests' };
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

let simulator: SaasSecuritySimulator;
let harness: PluginHarness;

beforeEach(async () => {
  simulator = createSaasSecuritySimulator({ ...CLIENT, incidents: 60 });
  harness = createHarness({
    definition: command,
    manifest: { ...manifest, limits: { ...manifest.limits, rateGroups: undefined } },
    connection: {
      settings: { baseUrl: await simulator.listen(), clientId: CLIENT.clientId },
      secrets: { clientSecret: CLIENT.clientSecret },
    },
  });
});

afterEach(async () => {
  await harness.close();
  await simulator.close();
});

interface Output {
  IncidentState: Record<string, string>;
}
const PATH = '/incident/api/incidents/*';
const INPUT = { id: '4', category: 'Business Justified' };

/** As the runtime runs it: the input checked, its defaults filled in. */
function run(input: object) {
  const checked = checkConfig(manifest.input, input);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return harness.command<Output>(checked.config);
}

test.each([
  ['Misidentified', 'misidentified'],
  ['No Reason', 'no_reason'],
  ['Business Justified', 'business_justified'],
])('closes as %s; the id is a text here', async (category, code) => {
  const { output, figures } = await run({ id: '4', category });
  expect(output).toEqual({
    IncidentState: {
      incident_id: '4',
      state: 'closed',
      category: code,
      resolved_by: 'api',
      resolution_date: expect.stringMatching(/Z$/),
    },
  });
  expect(figures.vendorWrites).toBe(1);
  expect(simulator.state().incidents[3]).toMatchObject({ state: 'closed', category: code });
});

test('a closed one gets another category', async () => {
  await run(INPUT);
  expect((await run({ id: '4', category: 'No Reason' })).output).toMatchObject({
    IncidentState: { category: 'no_reason' },
  });
  expect(simulator.state().stateWrites).toBe(2);
});

test('a plan sends nothing', async () => {
  const report = await harness.command(INPUT, { mode: 'plan' });
  expect(report.planned).toMatchObject({ call: 'closeIncident' });
  expect(simulator.state().stateWrites).toBe(0);
});

test('one that is not there, and one that is refused', async () => {
  expect((await run({ id: '4000', category: 'No Reason' })).fault).toMatchObject({
    code: 'INCIDENT_NOT_FOUND',
  });
  simulator.order({
    match: { method: 'POST', path: '/incident/api/incidents/4/state' },
    effect: { kind: 'status', status: 400 },
  });
  expect((await run(INPUT)).fault).toMatchObject({ code: 'CLOSING_REFUSED' });
});

test.each([
  [{ id: '4' }],
  [{ id: '4', category: 'Dismiss' }],
  [{ id: '4', category: 'Reason for state update.' }],
])('the input %j does not fit', (input) => {
  expect(checkConfig(manifest.input, input).ok).toBe(false);
});

test('401 is the fault of the credentials, and no answer is a fault of the vendor', async () => {
  simulator.order({ match: { path: '/oauth/token' }, effect: { kind: 'status', status: 401 } });
  expect((await run(INPUT)).fault).toMatchObject({ code: 'CREDENTIALS_REFUSED' });
  simulator.order({ match: { path: PATH }, times: 5, effect: { kind: 'status', status: 503 } });
  expect((await run(INPUT)).fault).toMatchObject({ code: 'VENDOR_UNAVAILABLE' });
});

test('the manifest has no problem, and the connection test reads', async () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect((await harness.testConnection()).value).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
});
