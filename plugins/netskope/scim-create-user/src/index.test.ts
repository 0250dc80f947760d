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
  tenant = createNetskopeSimulator({ token: TOKEN, scim: {} });
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

test('a user is created with all its fields', async () => {
  const input = {
    userName: 'ada@example.com',
    givenName: 'Ada',
    familyName: 'Example',
    emails: ['ada@example.com', 'a@example.org'],
    externalId: 'hr-1',
    active: false,
  };
  const { output, fault } = await harness.command(input);
  expect(fault).toBeUndefined();
  expect(output).toEqual({
    ...input,
    id: expect.any(String),
    emails: [
      { value: 'ada@example.com', primary: true },
      { value: 'a@example.org', primary: false },
    ],
  });
  expect(tenant.state().scim.users).toMatchObject([{ userName: 'ada@example.com', active: false }]);
});

test('a second user of the name is a conflict', async () => {
  const input = { userName: 'ada@example.com', active: true };
  await harness.command(input);
  const { fault } = await harness.command({ ...input, userName: 'ADA@example.com' });
  expect(fault).toMatchObject({ code: 'SCIM_CONFLICT', message: expect.stringContaining('already exists') });
});

test('a plan shows the user, and creates none', async () => {
  const { planned } = await harness.command({ userName: 'ada@example.com', active: true }, { mode: 'plan' });
  expect(planned).toMatchObject({ call: 'createScimUser' });
  expect(tenant.state().scim.users).toEqual([]);
});

test('an answer that is lost does not make a second user', async () => {
  tenant.order({ match: { method: 'POST' }, when: 'after', effect: { kind: 'drop' } });
  const { fault } = await harness.command({ userName: 'ada@example.com', active: true });
  expect(fault).toMatchObject({ code: 'SCIM_CONFLICT' });
  expect(tenant.state().scim.writes.usersCreated).toBe(1);
});

test('the manifest has no problem, and the connection test reads', async () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect((await harness.testConnection()).value).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
});

describe('on the wire', () => {
  const TENANT = 'https://tenant.goskope.example';
  const vendor = vendorMock(TENANT);

  test.each([
    [201, 'application/scim+json;charset=utf-8'],
    [201, 'application/json'],
    [200, 'application/json'],
  ])('every field is sent, and a %d as %s is the new user', async (status, contentType) => {
    const body = { id: 'u-1', userName: 'ada@example.com', active: true };
    vendor.post('/api/v2/scim/Users', { status, body, headers: { 'content-type': contentType } });
    const wired = harnessOf(TENANT);
    const { output } = await wired.command({
      userName: 'ada@example.com',
      givenName: 'Ada',
      familyName: 'Example',
      active: true,
      emails: ['ada@example.com'],
      externalId: 'hr-1',
    });
    await wired.close();
    expect(output).toMatchObject({ id: 'u-1' });
    const [request] = vendor.requests;
    expect(request!.headers).toMatchObject({
      'netskope-api-token': TOKEN,
      'content-type': 'application/scim+json',
      accept: expect.stringContaining('application/json'),
    });
    expect(request!.body).toEqual({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: 'ada@example.com',
      name: { familyName: 'Example', givenName: 'Ada' },
      active: true,
      emails: [{ value: 'ada@example.com', primary: true }],
      externalId: 'hr-1',
      meta: { resourceType: 'User' },
    });
  });
});
