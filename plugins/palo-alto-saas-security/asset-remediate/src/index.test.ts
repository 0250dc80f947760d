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

const assetOf = (type: string) => simulator.state().incidents.find((one) => one.app_type === type)!.asset_id;

test.each([
  ['Quarantine', 'system_quarantine'],
  ['Restore', 'system_restore'],
  ['Remove public sharing', 'remove_public_sharing'],
])('%s is accepted and pending', async (name, type) => {
  const asset_id = assetOf('box');
  const { output } = await run({ asset_id, remediation_type: name, remove_inherited_sharing: true });
  expect(output).toEqual({ Remediation: { asset_id, remediation_type: type, status: 'pending' } });
  const removeInheritedSharing = type === 'remove_public_sharing';
  expect(simulator.state().remediations).toMatchObject([{ assetId: asset_id, type, removeInheritedSharing }]);
});

test('removing public sharing is for some applications only', async () => {
  const input = { asset_id: assetOf('jira'), remediation_type: 'Remove public sharing' };
  expect((await run(input)).fault).toMatchObject({
    code: 'REMEDIATION_REFUSED',
    message: expect.stringContaining('jira'),
  });
});

test('an asset that is not there', async () => {
  expect((await run(INPUT)).fault).toMatchObject({ code: 'ASSET_NOT_FOUND', path: '/asset_id' });
});

test('a plan sends nothing', async () => {
  const report = await harness.command({ ...INPUT, remove_inherited_sharing: false }, { mode: 'plan' });
  expect(report.planned).toMatchObject({ call: 'remediateAsset' });
  expect(simulator.requests().byRoute['POST /remediation/api/assets']).toBeUndefined();
});

test('another remediation does not fit', () => {
  expect(checkConfig(manifest.input, { ...INPUT, remediation_type: 'Delete' }).ok).toBe(false);
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
