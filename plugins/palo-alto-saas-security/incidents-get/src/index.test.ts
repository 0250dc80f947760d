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
  Incident: { incident_id: number; state?: string; severity: string; app_id: string; status: string }[];
  NextResultsPage?: string;
}
const PATH = '/incident/api/incidents/*';
const INPUT = {};

/** As the runtime runs it: the input checked, its defaults filled in. */
function run(input: object) {
  const checked = checkConfig(manifest.input, input);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return harness.command<Output>(checked.config);
}

const idsOf = (output: Output | undefined) => output!.Incident.map(({ incident_id }) => incident_id);

test('the defaults: 50 open incidents, the one that changed first at the top', async () => {
  const { output, fault } = await run({});
  expect(fault).toBeUndefined();
  const open = simulator.state().incidents.filter(({ status }) => status!.startsWith('Open'));
  expect(idsOf(output)).toEqual(open.map(({ incident_id }) => incident_id).toReversed());
  expect(output).not.toHaveProperty('NextResultsPage');
});

test('filters in the documented words; All is not asked for', async () => {
  const app_ids = [simulator.state().incidents[0]!.app_id];
  const { output } = await run({ state: 'All', severity: ['1', '2'], app_ids, limit: 200 });
  expect(output!.Incident.length).toBeGreaterThan(0);
  for (const incident of output!.Incident) {
    expect([['Low', 'Medium'], app_ids]).toEqual([
      expect.arrayContaining([incident.severity]),
      [incident.app_id],
    ]);
  }
  const status = await run({ state: 'Closed', status: ['No Reason', 'Dismiss'] });
  expect(new Set(status.output!.Incident.map((one) => one.status))).toEqual(new Set(['Closed-No Reason']));
});

test('from and to, in any zone, both inclusive', async () => {
  const byId = new Map(simulator.state().incidents.map((one) => [one.incident_id, one.updated_at]));
  const from = byId.get(20)!.replace('Z', '+00:00');
  const { output } = await run({ state: 'All', from, to: byId.get(11) });
  expect(idsOf(output)).toEqual([20, 19, 18, 17, 16, 15, 14, 13, 12, 11]);
});

test('the next page needs nothing but next_page, and its own limit decides whether there is a further one', async () => {
  const seen = new Set<number>();
  let next: string | undefined;
  for (let pages = 0; pages < 10; pages += 1) {
    const { output } = await run(next === undefined ? { state: 'All', limit: 20 } : { next_page: next });
    idsOf(output).forEach((id) => seen.add(id));
    next = output!.NextResultsPage;
    if (next === undefined) break;
    expect(next).toMatch(/^\/incident\/api\/incidents\/delta\?limit=20&from=/);
  }
  expect([next, seen.size]).toEqual([undefined, 60]);
});

test.each<[object, string]>([
  [{ from: '2026-03-02T00:00:00Z', to: '2026-03-01T00:00:00Z' }, '/from'],
  [{ next_page: 'https://evil.example.com/incident/api/incidents/delta?limit=10' }, '/next_page'],
  [{ next_page: '/incident/api/apps' }, '/next_page'],
])('%j is refused, and nothing is asked', async (input, path) => {
  expect((await run(input)).fault).toMatchObject({ code: 'INPUT_INVALID', path });
  expect(simulator.requests().total).toBe(0);
});

test.each([
  [{ limit: 0 }],
  [{ limit: 15 }],
  [{ limit: 210 }],
  [{ state: 'open' }],
  [{ severity: ['Low'] }],
  [{ status: ['All'] }],
])('the input %j does not fit', (input) => {
  expect(checkConfig(manifest.input, input).ok).toBe(false);
});

test('the table has the thirteen columns', () => {
  expect(manifest.output.properties.Incident['x-columns']).toEqual(
    'incident_id app_id app_name asset_id asset_name exposure_level severity state status category created_at updated_at policy_name'.split(
      ' ',
    ),
  );
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
