import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lintPluginManifest } from '@drover/manifest';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { createHarness, type PluginHarness, vendorMock } from '@drover/testing';
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
  harness = harnessOf(await tenant.listen());
});

function harnessOf(baseUrl: string): PluginHarness {
  return createHarness({
    definition: command,
    manifest: { ...manifest, limits: { ...manifest.limits, rateGroups: undefined } },
    connection: { settings: { baseUrl }, secrets: { apiV2Token: TOKEN } },
  });
}

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

describe('on the wire', () => {
  const TENANT = 'https://tenant.goskope.example';
  const vendor = vendorMock(TENANT);
  const GROUP = {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'Watched',
    externalId: 'dir-7',
    meta: { resourceType: 'Group' },
  };

  test.each([
    ['an empty group has no members at all', [], GROUP],
    [
      'each member is an object of its own',
      ['u0', 'u1'],
      { ...GROUP, members: [{ value: 'u0' }, { value: 'u1' }] },
    ],
  ])('%s', async (_what, members, sent) => {
    // Some answers repeat the status in the body.
    vendor.post('/api/v2/scim/Groups', {
      status: 201,
      body: { id: 'g-1', displayName: 'Watched', status: 201 },
    });
    const wired = harnessOf(TENANT);
    const { output } = await wired.command({ displayName: 'Watched', externalId: 'dir-7', members });
    await wired.close();
    expect(output).toMatchObject({ id: 'g-1' });
    expect(vendor.requests[0]!.body).toEqual(sent);
    expect(vendor.requests[0]!.headers['content-type']).toBe('application/scim+json');
  });
});
