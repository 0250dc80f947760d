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
  Incident: object;
}
const PATH = '/incident/api/incidents/*';
const INPUT = { id: '4' };

/** As the runtime runs it: the input checked, its defaults filled in. */
function run(input: object) {
  const checked = checkConfig(manifest.input, input);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return harness.command<Output>(checked.config);
}

test('an incident as SaaS Security writes it', async () => {
  const { output } = await run({ id: '4' });
  expect(output).toEqual({ Incident: simulator.state().incidents[3] });
  expect(manifest.output.properties.Incident['x-columns']).toHaveLength(13);
});

test('one that is not there', async () => {
  expect((await run({ id: '4000' })).fault).toMatchObject({ code: 'INCIDENT_NOT_FOUND', path: '/id' });
});

test.each(['', 'x', '4/state', '-1'])('the id "%s" does not fit', (id) => {
  expect(checkConfig(manifest.input, { id }).ok).toBe(false);
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
