import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lintPluginManifest } from '@drover/manifest';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { createHarness, type PluginHarness } from '@drover/testing';
import command from './index.js';

const TOKEN = 'a-token-of-the-rest-api-v2';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

let tenant: Simulator<NetskopeState>;
let harness: PluginHarness;

beforeEach(async () => {
  tenant = createNetskopeSimulator({
    token: TOKEN,
    scim: {
      users: ['u0', 'u1', 'u2'].map((id) => ({ id, userName: `${id}@example.com` })),
      groups: [{ id: 'g', displayName: 'Watched', members: ['u0', 'u2'] }],
    },
  });
  harness = createHarness({
    definition: command,
    manifest: { ...manifest, limits: { ...manifest.limits, rateGroups: undefined } },
    connection: { settings: { baseUrl: await tenant.listen() }, secrets: { apiV2Token: TOKEN } },
  });
});

afterEach(async () => {
  await harness.close();
  await tenant.close();
});

test.each([[{ id: 'g' }], [{ displayName: 'watched' }]])('a group is found by %j', async (choice) => {
  const { output } = await harness.command(choice);
  expect(output).toEqual({ id: 'g', displayName: 'Watched', members: ['u0', 'u2'] });
});

test.each([
  [{ id: 'h' }, '/id'],
  [{ displayName: 'Nobody' }, '/displayName'],
])('no group is found by %j', async (choice, path) => {
  expect((await harness.command(choice)).fault).toMatchObject({ code: 'SCIM_GROUP_NOT_FOUND', path });
});

test('the manifest has no problem, and the connection test reads', async () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect((await harness.testConnection()).value).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
});
