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

const members = () => tenant.state().scim.groups[0]!.members;

test.each([
  ['add', { members: ['u1'] }, ['u0', 'u2', 'u1']],
  ['remove', { userNames: ['u2@example.com'] }, ['u0']],
  ['replace', { members: ['u1'], userNames: ['u2@example.com'] }, ['u1', 'u2']],
  ['replace', {}, []],
])('%s of %j leaves %j', async (operation, named, left) => {
  const { output, fault } = await harness.command({ displayName: 'Watched', operation, ...named });
  expect(fault).toBeUndefined();
  expect(output).toMatchObject({ id: 'g', operation });
  expect(members()).toEqual(left);
});

test.each([
  [{ id: 'g', operation: 'add' }, 'INPUT_INVALID'],
  [{ operation: 'add', members: ['u1'] }, 'INPUT_INVALID'],
  [{ id: 'g', operation: 'add', userNames: ['nobody'] }, 'SCIM_USER_NOT_FOUND'],
  [{ id: 'g', operation: 'add', members: ['nobody'] }, 'VENDOR_REFUSED'],
  [{ id: 'h', operation: 'add', members: ['u1'] }, 'VENDOR_REFUSED'],
  [{ displayName: 'Nobody', operation: 'add', members: ['u1'] }, 'SCIM_GROUP_NOT_FOUND'],
])('%j is %s, and changes nothing', async (input, code) => {
  expect((await harness.command(input)).fault).toMatchObject({ code });
  expect(members()).toEqual(['u0', 'u2']);
});

test('the manifest has no problem, and the connection test reads', async () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect((await harness.testConnection()).value).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
});
