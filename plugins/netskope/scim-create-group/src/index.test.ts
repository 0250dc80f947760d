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
    scim: { users: ['u0', 'u1', 'u2'].map((id) => ({ id, userName: `${id}@example.com` })) },
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

test('a group is created empty, or with members by id and by name', async () => {
  expect((await harness.command({ displayName: 'Empty' })).output).toMatchObject({ members: [] });
  const { output } = await harness.command({
    displayName: 'Watched',
    externalId: 'dir-7',
    members: ['u0'],
    userNames: ['U1@example.com', 'u0@example.com'],
  });
  expect(output).toEqual({
    id: expect.any(String),
    displayName: 'Watched',
    externalId: 'dir-7',
    members: ['u0', 'u1'],
  });
});

test('with a name that nobody has, nothing is created', async () => {
  const { fault } = await harness.command({
    displayName: 'Watched',
    userNames: ['u1@example.com', 'nobody'],
  });
  expect(fault).toMatchObject({ code: 'SCIM_USER_NOT_FOUND', message: expect.stringContaining('nobody') });
  expect(tenant.state().scim.groups).toEqual([]);
});

test('a second group of the name is a conflict', async () => {
  await harness.command({ displayName: 'Watched' });
  expect((await harness.command({ displayName: 'watched' })).fault).toMatchObject({ code: 'SCIM_CONFLICT' });
});

test('the manifest has no problem, and the connection test reads', async () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect((await harness.testConnection()).value).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
});
