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
  Remediation: object;
}
const PATH = '/remediation/api/*';
const INPUT = { asset_id: '000000000000000000000000', remediation_type: 'Quarantine' };

/** As the runtime runs it: the input checked, its defaults filled in. */
function run(input: object) {
  const checked = checkConfig(manifest.input, input);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return harness.command<Output>(checked.config);
}

test('how a remediation stands, the time as SaaS Security writes it', async () => {
  const { asset_id, asset_name } = simulator.state().incidents[0]!;
  expect((await run({ asset_id, remediation_type: 'Quarantine' })).fault).toMatchObject({
    code: 'REMEDIATION_NOT_FOUND',
  });
  simulator.askForRemediation(asset_id, 'system_quarantine');
  const { output } = await run({ asset_id, remediation_type: 'Quarantine' });
  expect(output).toEqual({
    Remediation: {
      asset_id,
      asset_name,
      remediation_type: 'system_quarantine',
      action_taker: 'api',
      action_date: expect.stringMatching(/\d{3}\+0000$/),
      status: 'pending',
    },
  });
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
