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
    scim: { users: [{ id: 'u0', userName: 'ada@example.com', externalId: 'hr-1' }] },
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

test.each([[{ id: 'u0' }], [{ userName: 'ADA@example.com' }], [{ externalId: 'hr-1' }]])(
  'a user is found by %j',
  async (choice) => {
    const { output } = await harness.command(choice);
    expect(output).toEqual({
      id: 'u0',
      userName: 'ada@example.com',
      externalId: 'hr-1',
      active: true,
      emails: [],
    });
  },
);

test.each([
  [{ id: 'u1' }, '/id'],
  [{ userName: 'b@example.com' }, '/userName'],
  [{ externalId: 'hr-2' }, '/externalId'],
])('nobody is found by %j', async (choice, path) => {
  expect((await harness.command(choice)).fault).toMatchObject({ code: 'SCIM_USER_NOT_FOUND', path });
});

test.each([[{}], [{ id: 'u0', userName: 'ada@example.com' }]])(
  '%j does not say which user',
  async (choice) => {
    const { fault, figures } = await harness.command(choice);
    expect(fault).toMatchObject({ code: 'INPUT_INVALID' });
    expect(figures.vendorCalls).toBe(0);
  },
);

test('the manifest has no problem, and the connection test reads', async () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect((await harness.testConnection()).value).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
});
